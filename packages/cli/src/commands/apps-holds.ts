/** `muster apps [pause|resume|ack-drift]`: what holds for a while, and ends by itself. */
import { type AppChange, runAppChange } from "../app-change.ts";
import { recordAt, textAt } from "../json.ts";
import type { Register } from "../noun.ts";
import { parseUntil } from "../until.ts";

interface HoldFlags {
  readonly until: string;
  readonly owner?: string;
}

export const registerHolds: Register = (noun, cli) => {
  const hold = (
    verb: "pause" | "ack-drift",
    description: string,
    words: (id: string, until: string) => Pick<AppChange, "would" | "did">,
  ): void => {
    noun
      .command(`${verb} <app>`)
      .description(description)
      .requiredOption("--until <when>", "an instant, 2026-05-01T18:00:00Z, or a while, 2h")
      .option("--owner <name>", "who answers for it (default: the caller)")
      .action(async (id: string, { owner, until: when }: HoldFlags) => {
        const until = parseUntil(when, Date.now());
        await runAppChange(cli(), id, {
          verb,
          body: { until, ...(owner !== undefined && { owner }) },
          leavesIntent: true,
          was: () => `nothing was to be done for ${id}`,
          ...words(id, until),
        });
      });
  };
  hold(
    "pause",
    "nodes go on with what they have until then; what was missed is done afterwards",
    (id, until) => ({
      would: () => `pause ${id} until ${until}`,
      did: () => `${id} is paused until ${until}`,
    }),
  );
  noun
    .command("resume <app>")
    .description("ends a pause before its time")
    .action(async (id: string) => {
      await runAppChange(cli(), id, {
        verb: "resume",
        leavesIntent: true,
        would: (app) =>
          textAt(recordAt(app, "paused"), "owner") === undefined ? undefined : `resume ${id}`,
        did: () => `${id} is resumed`,
        was: () => `${id} is not paused`,
      });
    });
  hold(
    "ack-drift",
    "you answer for the drift there is until then; drift for another reason counts",
    (id, until) => ({
      would: () => `acknowledge the drift of ${id} until ${until}`,
      did: () => `the drift of ${id} is acknowledged until ${until}`,
    }),
  );
};
