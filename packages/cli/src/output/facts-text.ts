/** What there is of a shard or an actor, for people: the sentence, then a line for each fact. Pure. */
import type { JsonRecord } from "../json.ts";
import { plainText } from "./plain-text.ts";
import type { Paint } from "./style.ts";

const said: ReadonlySet<string> = new Set(["subject", "sentence", "next", "command"]);

const valueText = (value: unknown): string => {
  if (value === null) return "-";
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(valueText).join("; ");
  if (typeof value !== "object") return String(value);
  return Object.entries(value)
    .map(([name, item]) =>
      name === "value" ? `value ${JSON.stringify(item)}` : `${name} ${valueText(item)}`,
    )
    .join(", ");
};

export const factsText = (facts: JsonRecord, { paint }: { readonly paint: Paint }): string => {
  const names = Object.keys(facts).filter((name) => !said.has(name));
  const width = Math.max(...names.map((name) => name.length));
  const { subject, sentence, next, command } = facts;
  return [
    `${paint.bold(plainText(valueText(subject)))}  ${plainText(valueText(sentence))}`,
    ...(typeof next === "string" ? [plainText(next)] : []),
    ...(typeof command === "string" ? [`  ${plainText(command)}`] : []),
    "",
    ...names.map(
      (name) => `${paint.dim(name.padEnd(width))}  ${plainText(valueText(facts[name]))}`,
    ),
    "",
  ].join("\n");
};
