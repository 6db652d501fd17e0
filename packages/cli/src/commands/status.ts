import { exitCodeOfVerdict } from "../exit-codes.ts";
import { textAt } from "../json.ts";
import type { Register } from "../noun.ts";
import { statusText, statusVersion } from "../output/status-text.ts";
import { runRead } from "../run-read.ts";

/** `muster status` */
export const registerStatus: Register = (noun, cli) => {
  noun
    .addHelpText("after", "\nEnds with 3 when the verdict is anything but healthy.\n")
    .action(async () => {
      const given = cli();
      const { exitWith, paint } = given;
      await runRead(given, async (client) => {
        const status = await client.get("/v1/status");
        exitWith(exitCodeOfVerdict(textAt(status, "verdict") ?? "unknown"));
        return {
          data: status,
          items: [status],
          columns: [],
          name: (item) => textAt(item, "verdict"),
          version: statusVersion(status),
          text: (_, wide) => statusText(status, { wide, paint }),
        };
      });
    });
};
