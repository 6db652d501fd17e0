/** What a simulated process logs: errors are counted, and all of it may be shown with its time. */
import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/logger.ts";

export interface LogSinks {
  /** Takes each line; absent: nothing is put together. */
  readonly log: ((line: string) => void) | undefined;
  onError(message: string): void;
}

const textOf = (fields: object): string => {
  try {
    return JSON.stringify(fields);
  } catch {
    return "(fields that cannot be written)";
  }
};

export const processLogger = (name: string, clock: Clock, sinks: LogSinks): Logger => {
  const at = (level: string) => (fields: object, message: string) => {
    if (level === "error") sinks.onError(message);
    sinks.log?.(
      `${Math.round(clock.monotonic())} ms  ${name}  ${level}  ${message} ${textOf(fields)}`,
    );
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
};
