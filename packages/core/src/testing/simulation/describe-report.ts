/** What a run has shown, as lines for people. */
import type { SimulationReport } from "./simulate.ts";

/** Of more than this, the rest says nothing new. */
const mostShown = 12;

/** Lists the broken promises of a run, and with `events` all that happened in it. */
export const describeReport = (
  { seed, traceHash, counts, violations, events }: SimulationReport,
  options: { readonly events?: boolean } = {},
): readonly string[] => {
  const numbers = Object.entries(counts).map(([what, count]) => `${what} ${count}`);
  return [
    `seed ${seed}  trace ${traceHash}  ${numbers.join(", ")}`,
    ...violations
      .slice(0, mostShown)
      .map(({ invariant, detail, at }) => `  ${invariant}  at ${at} ms: ${detail}`),
    ...(violations.length > mostShown ? [`  and ${violations.length - mostShown} more`] : []),
    ...(options.events ? events.map((event) => `    ${event}`) : []),
  ];
};
