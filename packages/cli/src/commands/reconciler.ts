import { usageError } from "../cli-error.ts";
import { parseDuration } from "../duration.ts";
import { type JsonRecord, numberAt, recordAt, recordsAt, textAt } from "../json.ts";
import type { Register } from "../noun.ts";
import type { Shown } from "../output/format.ts";
import { plainText } from "../output/plain-text.ts";
import type { Column } from "../output/table.ts";
import { runChange } from "../run-change.ts";
import { runRead } from "../run-read.ts";

const passColumns: readonly Column[] = [
  { head: "PASS AT", cell: (pass) => textAt(pass, "at") },
  { head: "NODE", cell: (pass) => textAt(pass, "node") },
  ...["checked", "drifted", "repaired", "failed", "skipped", "opened", "closed", "reaped"].map(
    (key) => ({
      head: key.toUpperCase(),
      cell: (pass: JsonRecord) => numberAt(pass, key),
    }),
  ),
  { head: "BECAUSE", cell: (pass) => textAt(pass, "because") },
];

const modeText = (status: JsonRecord): string => {
  const set = recordAt(status, "set");
  const by = textAt(set, "by");
  const until = textAt(set, "until");
  const why = by === undefined ? "" : `, set by ${by}: ${textAt(set, "reason") ?? ""}`;
  const end = until === undefined ? "" : `, until ${until}`;
  return `${textAt(status, "mode") ?? "?"}${why}${end}`;
};

const shown = (status: JsonRecord): Shown => ({
  data: status,
  items: recordsAt(status, "passes"),
  lines: [status],
  columns: passColumns,
  name: (pass) => textAt(pass, "at"),
  text: (table) =>
    `${plainText(`mode    ${modeText(status)}`)}\n${plainText(
      `leader  ${textAt(status, "leader") ?? "none yet"}, fence ${numberAt(status, "fence") ?? 0}`,
    )}\n\n${table}`,
});

const onePass = (pass: JsonRecord): Shown => ({ data: pass, items: [pass], columns: passColumns });

const untilOf = (text: string): string =>
  /^\d{4}-/.test(text) ? text : new Date(Date.now() + parseDuration("--for", text)).toISOString();

/** `muster reconciler [status|run|pause|resume|mode]` */
export const registerReconciler: Register = (noun, cli) => {
  noun
    .command("status")
    .description("its mode, which node runs it, and what the last passes came to")
    .action(async () => {
      await runRead(cli(), async (client) => shown(await client.get("/v1/reconciler")));
    });
  noun
    .command("run")
    .description("runs a pass now, on the node that leads")
    .action(async () => {
      await runChange(cli(), {
        what: "run a pass",
        plan: async (client) => ({
          would: "run a pass",
          shown: shown(await client.get("/v1/reconciler")),
        }),
        send: async (client, reason) => {
          const pass = await client.post("/v1/reconciler/run", { reason });
          const node = textAt(pass, "node") ?? "?";
          return { did: `${node} ran a pass`, shown: onePass(pass) };
        },
      });
    });
  const change = (what: string, verb: string, body: JsonRecord): Promise<void> =>
    runChange(cli(), {
      what,
      plan: async (client) => ({ would: what, shown: shown(await client.get("/v1/reconciler")) }),
      send: async (client, reason) => {
        const status = await client.post(`/v1/reconciler/${verb}`, { ...body, reason });
        return { did: `the mode is ${modeText(status)}`, shown: shown(status) };
      },
    });
  noun
    .command("pause")
    .description("nudges nobody for a while; alerts go on")
    .requiredOption("--for <duration>", "how long, such as 30m, or an instant")
    .option("--owner <name>", "who answers for it, if not you")
    .action(async (options: { readonly for: string; readonly owner?: string }) => {
      const { owner } = options;
      const body = { until: untilOf(options.for), ...(owner !== undefined && { owner }) };
      await change("pause the reconciler", "pause", body);
    });
  noun
    .command("resume")
    .description("ends a pause or another mode")
    .action(async () => {
      await change("resume the reconciler", "resume", {});
    });
  noun
    .command("mode <mode>")
    .description("enforce nudges and alarms, observe only alarms")
    .action(async (mode: string) => {
      if (mode !== "enforce" && mode !== "observe") {
        throw usageError(
          `"${mode}" is no mode to set`,
          "Modes: enforce, observe; for a pause: muster reconciler pause --for 30m",
        );
      }
      await change(`set the mode to ${mode}`, "mode", { mode });
    });
};
