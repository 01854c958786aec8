import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Answer } from './call.ts';
import { type ApiDocument, type ApiRequest, type Operation, standalone } from './openapi-requests.ts';

/** Returns why a common validator refuses a body that the service has accepted. */
type BodyCheck = (operation: Operation, request: ApiRequest, answer: Answer) => string[];

const checks = new WeakMap<ApiDocument, BodyCheck>();

/** The check for a document. Compiles the schema of each body only once. */
export function bodyCheck(document: ApiDocument): BodyCheck {
  const check = checks.get(document) ?? makeCheck(document);
  checks.set(document, check);
  return check;
}

function makeCheck(document: ApiDocument): BodyCheck {
  const validatorOf = bodyValidators(document);
  return (operation, { body }, answer) => {
    const validate = validatorOf(operation);
    if (!isAccepted(answer) || !validate || !body?.length) return [];
    // it leaves a byte order mark out, as the service does
    const text = new TextDecoder().decode(Buffer.from(body));
    if (validate(JSON.parse(text))) return [];
    const found = (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
    return [`it is accepted, but ajv refuses its body: ${found.join(', ')}`];
  };
}

/** Each entry of a batch has a status of its own. */
function isAccepted({ status, body }: Answer): boolean {
  const results: { status?: number }[] = body?.results ?? [];
  return [status, ...results.map((result) => result.status ?? 0)].every((one) => one < 300);
}

/** As strict as ajv is by default, except that it knows the keyword which OpenAPI adds to JSON Schema. */
export function bodyValidators(document: ApiDocument): (operation: Operation) => ValidateFunction | undefined {
  const ajv = new Ajv2020({ allErrors: true }).addVocabulary(['example']);
  addFormats.default(ajv);
  const compiled = new Map<string, ValidateFunction>();
  return ({ method, path, requestBody }) => {
    const [content] = Object.values(requestBody?.content ?? {});
    if (!content) return undefined;
    const validate = compiled.get(`${method} ${path}`) ?? ajv.compile(standalone(content.schema, document));
    compiled.set(`${method} ${path}`, validate);
    return validate;
  };
}
