/** One form for a password, however a keyboard encodes its letters. */
export function passwordForm(password: string): string {
  return password.normalize('NFKC');
}
