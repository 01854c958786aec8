/** In characters. */
export const idLengthMax = 100;

/** What shows nothing or changes the direction of the text after it. A space between visible characters is allowed. */
const invisible = '\\p{Cc}\\p{Cf}\\p{Cs}\\p{Z}\\p{Default_Ignorable_Code_Point}\\u2800';
const visible = new RegExp(`^[^${invisible}]+( +[^${invisible}]+)*$`, 'u');

/** Whether another system may use the text as an id. */
export function isVisibleId(text: string): boolean {
  return visible.test(text) && [...text].length <= idLengthMax;
}
