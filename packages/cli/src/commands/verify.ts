import { exitCodes } from "../exit-codes.ts";
import { type JsonRecord, numberAt, recordsAt, textAt } from "../json.ts";
import type { Register } from "../noun.ts";
import { plainText } from "../output/plain-text.ts";
import type { Paint } from "../output/style.ts";
import type { Column } from "../output/table.ts";

/** The cluster is read as a whole, and twice when something is found. */
const longestMs = 120_000;

const columns: readonly Column[] = [
  { head: "CHECK", cell: (row) => textAt(row, "check") },
  { head: "LOOKED AT", cell: (row) => numberAt(row, "looked") },
  { head: "FINDINGS", cell: (row) => numberAt(row, "findings") },
  { head: "SKIPPED", cell: (row) => numberAt(row, "skipped") || undefined, sparse: true },
  { head: "MAKES SURE", wide: true, cell: (row) => textAt(row, "title") },
];

const findingText = (finding: JsonRecord, paint: Paint): string => {
  const { subject, message, remedy } = {
    subject: plainText(textAt(finding, "subject") ?? "?"),
    message: plainText(textAt(finding, "message") ?? "?"),
    remedy: plainText(textAt(finding, "remedy") ?? ""),
  };
  return `  ${paint.bad("✗")} ${subject}: ${message}\n      ${remedy}\n`;
};

/** `muster verify` */
export const registerVerify: Register = (noun, cli) => {
  noun
    .addHelpText("after", "\nWrites nothing. Ends with 3 when anything is found.\n")
    .action(async () => {
      const given = cli();
      const { paint } = given;
      const client = await given.client({ atLeastMs: longestMs });
      const report = await client.get("/v1/verify");
      const findings = recordsAt(report, "findings");
      const more = numberAt(report, "more") ?? 0;
      const isClean = report["clean"] === true;
      if (!isClean) given.exitWith(exitCodes.notHealthy);
      await given.show({
        data: report,
        items: recordsAt(report, "checks"),
        lines: findings,
        columns,
        name: (row) => textAt(row, "check"),
        text: (table) =>
          [
            isClean
              ? paint.good(paint.bold("clean"))
              : paint.bad(paint.bold(`${findings.length + more} findings`)),
            "\n",
            ...findings.map((finding) => findingText(finding, paint)),
            ...(more > 0 ? [`  and ${more} more\n`] : []),
            "\n",
            table,
          ].join(""),
      });
    });
};
