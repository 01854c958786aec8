import { feedHeaders, feedQuery, feedReply } from '@doorstep/kit/http/feed.ts';
import { idParam } from '@doorstep/kit/http/schemas.ts';
import { z } from 'zod';
import { createRecord } from '../commands/create-record.ts';
import { deleteRecord } from '../commands/delete-record.ts';
import { updateRecord } from '../commands/update-record.ts';
import { getRecord } from '../queries/get-record.ts';
import { listRecords } from '../queries/list-records.ts';
import type { RecordKind, RecordRow, RecordValues } from '../record.ts';
import { access } from './access.ts';
import { route } from './route.ts';

type RecordSpec<Input extends z.ZodObject, Change extends z.ZodObject> = {
  kind: RecordKind;
  view: z.ZodObject;
  input: Input;
  change: Change;
  filter: { [field: string]: z.ZodType<string | number | undefined> };
  inputExample: object;
  changeExample: object;
  toView: (row: RecordRow) => object;
  toRow: (input: z.output<Input>) => RecordValues;
  toChange: (change: z.output<Change>, row: RecordRow) => RecordValues;
};

/** The five routes that leads, actions and processes each have. */
export function recordRoutes<Input extends z.ZodObject, Change extends z.ZodObject>(spec: RecordSpec<Input, Change>) {
  const { kind, view, toView } = spec;
  const { table, noun } = kind;
  const name = noun.toLowerCase();
  const path = `/${table}`;
  const params = z.object({ id: idParam });
  const unknown = { 404: { description: `No such ${name}` } };
  return [
    route({
      method: 'post',
      path,
      summary: `Add ${withArticle(name)}`,
      tag: table,
      access: access[`POST /${table}`],
      body: spec.input,
      bodyExample: spec.inputExample,
      responses: { 201: { description: 'Added', body: view, headers: z.object({ Location: z.string() }) } },
      handler: async (context, { body }) => {
        const row = await createRecord(context, kind, spec.toRow(body as z.output<Input>));
        return { status: 201, body: toView(row), headers: { Location: `${path}/${row.id}` } };
      },
    }),
    route({
      method: 'get',
      path,
      summary: `List ${table} in the order in which they were added`,
      tag: table,
      access: access[`GET /${table}`],
      query: z.object({ ...feedQuery, ...spec.filter }),
      responses: { 200: { description: 'OK', body: z.array(view), headers: feedHeaders } },
      handler: async (context, request) => {
        const query = request.query as typeof request.query & Record<string, string | number | undefined>;
        const rows = await listRecords(context, table, query);
        const reply = feedReply({ path, query, rows, idOf: ({ id }) => id });
        return { ...reply, body: reply.body.map(toView) };
      },
    }),
    route({
      method: 'get',
      path: `${path}/{id}`,
      summary: `Get ${withArticle(name)}`,
      tag: table,
      access: access[`GET /${table}/{id}`],
      params,
      responses: { 200: { description: 'OK', body: view }, ...unknown },
      handler: async (context, { params: { id } }) => ok(toView(await getRecord(context, kind, id))),
    }),
    route({
      method: 'put',
      path: `${path}/{id}`,
      summary: `Change ${withArticle(name)}; omitted fields stay as they are`,
      tag: table,
      access: access[`PUT /${table}/{id}`],
      params,
      body: spec.change,
      bodyExample: spec.changeExample,
      responses: { 200: { description: 'Changed', body: view }, ...unknown },
      handler: async (context, { params: { id }, body }) => {
        const row = await updateRecord(context, { kind, id }, (present) =>
          spec.toChange(body as z.output<Change>, present),
        );
        return ok(toView(row));
      },
    }),
    route({
      method: 'delete',
      path: `${path}/{id}`,
      summary: `Delete ${withArticle(name)}; references to it become null`,
      tag: table,
      access: access[`DELETE /${table}/{id}`],
      params,
      responses: {
        200: { description: 'Deleted', body: z.object({ message: z.string().meta({ example: `${noun} deleted` }) }) },
        ...unknown,
      },
      handler: async (context, { params: { id } }) => {
        await deleteRecord(context, kind, id);
        return ok({ message: `${noun} deleted` });
      },
    }),
  ];
}

function ok(body: object) {
  return { status: 200, body };
}

function withArticle(name: string): string {
  return `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`;
}
