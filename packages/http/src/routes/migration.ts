/** Migration of apps: records of a server with a single status become intent, and go back. */
import type { LegacyRecord } from "@muster/core";
import { defined } from "../defined.ts";
import { respondLines } from "../lines.ts";
import { cursorOf, defaultLimit, readCursor } from "../paging.ts";
import { defineRoute, type Route } from "../route.ts";
import {
  exportQuery,
  legacyRecord,
  migrateBody,
  migrateQuery,
  migrationReport,
} from "../schemas/migration.ts";
import { listOf } from "../schemas/shared.ts";

const mebibyte = 1_048_576;
const idOf = (record: LegacyRecord): string => String(record["id"]);

export const migrationRoutes: readonly Route[] = [
  defineRoute({
    method: "post",
    path: "/v1/migrate/apps",
    tag: "Cluster",
    summary: "Makes intent of records with a single status, once for each app",
    role: "admin",
    query: migrateQuery,
    body: migrateBody,
    maxBodyBytes: mebibyte,
    answer: migrationReport,
    errors: ["BACKEND_UNAVAILABLE", "OUTCOME_UNKNOWN", "ASK_TIMEOUT", "MAILBOX_FULL"],
    handle: async ({ as, query, body: { records, ...body } }) => {
      const options = { ...defined(query), ...defined(body) };
      const dryRun = query.dryRun === true || body.dryRun === true;
      return { body: await as.cluster.migrateApps(records, { ...options, dryRun }) };
    },
    lines: ({ as, query, lines, requestId }) =>
      respondLines(requestId, async ({ put }) => {
        const { items: _, ...summary } = await as.cluster.migrateApps(lines, {
          ...defined(query),
          // Never waits: many clients read nothing before they have sent all.
          onItem: put,
        });
        put({ summary });
      }),
  }),
  defineRoute({
    method: "get",
    path: "/v1/migrate/apps",
    tag: "Cluster",
    summary: "Every app as a record with a single status, by id",
    role: "admin",
    query: exportQuery,
    answer: listOf(legacyRecord),
    errors: ["BACKEND_UNAVAILABLE", "ASK_TIMEOUT"],
    handle: async ({ as, muster, query: { cursor, limit = defaultLimit, format } }) => {
      const after = cursor === undefined ? undefined : readCursor(cursor);
      const { asOf, stale } = muster.apps.list();
      const items: LegacyRecord[] = [];
      let nextCursor: string | undefined;
      for await (const record of as.cluster.exportApps(defined({ after, format }))) {
        const last = items.at(-1);
        if (items.length === limit && last) {
          nextCursor = cursorOf(idOf(last));
          break;
        }
        items.push(record);
      }
      return { body: { items, ...(nextCursor !== undefined && { nextCursor }), asOf, stale } };
    },
    lines: ({ as, query: { cursor, format }, requestId }) =>
      respondLines(requestId, async ({ send }) => {
        const after = cursor === undefined ? undefined : readCursor(cursor);
        for await (const record of as.cluster.exportApps(defined({ after, format }))) {
          await send(record);
        }
      }),
  }),
];
