/**
 * Simulated callers: each sends numbered commands to a few ledgers, one after another, and notes
 * what it was told of each. A caller belongs to a process and dies with it.
 */
import { isMusterError } from "../../errors.ts";
import type { Muster } from "../../muster-types.ts";
import type { Clock } from "../../ports/clock.ts";
import type { SeededRandom } from "../seeded-random.ts";
import { ledgerProtocol } from "./ledger.ts";
import type { Violations } from "./violations.ts";

/** What a caller knows of one command it sent. */
export interface Sent {
  readonly sender: string;
  readonly n: number;
  readonly ledger: string;
  /** Ledger that must get the same by a message, where one was named. */
  readonly to?: string;
  readonly keyed: boolean;
  fate: "open" | "acknowledged" | "not-applied" | "unknown";
}

export interface ClientOptions {
  readonly name: string;
  readonly muster: Muster;
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly ledgers: readonly string[];
  readonly violations: Violations;
  /** Everything sent is noted here before it is sent. */
  readonly sent: Sent[];
  isRunning(): boolean;
}

const timeoutMs = 4_000;
/** Promises settle by their deadline or the first turn of the event loop after it (I5). */
const lateMs = 50;

const send = async (options: ClientOptions, sent: Sent): Promise<void> => {
  const { muster, random } = options;
  const { sender, n } = sent;
  const { ask, tell } = muster.actor(ledgerProtocol, sent.ledger);
  const key = sent.keyed ? { idempotencyKey: `${sender}-${n}` } : {};
  if (sent.to !== undefined) await ask.forward({ sender, n, to: sent.to }, { timeoutMs, ...key });
  else if (!sent.keyed && random.chance(0.3)) await tell.append({ sender, n });
  else await ask.append({ sender, n }, { timeoutMs, ...key });
};

/** Sends one command after another until told to stop; never rejects. */
export const runClient = async (options: ClientOptions): Promise<void> => {
  const { clock, random, ledgers, violations, name } = options;
  for (let n = 1; options.isRunning(); n++) {
    const ledger = random.pick(ledgers);
    const forwarded = random.chance(0.15);
    const sent: Sent = {
      sender: name,
      n,
      ledger,
      ...(forwarded && { to: random.pick(ledgers) }),
      keyed: random.chance(0.3),
      fate: "open",
    };
    options.sent.push(sent);
    const startedAt = clock.monotonic();
    for (let attempt = 1; sent.fate === "open"; attempt++) {
      try {
        await send(options, sent);
        sent.fate = "acknowledged";
      } catch (error) {
        const known = isMusterError(error) ? error.outcome : undefined;
        if (!isMusterError(error)) violations.add("error", String(error));
        // A keyed command may be repeated: it is applied once all the same.
        if (sent.keyed && attempt < 3 && options.isRunning()) continue;
        sent.fate = known === "not-applied" && attempt === 1 ? "not-applied" : "unknown";
      }
      const tookMs = clock.monotonic() - startedAt;
      if (tookMs > attempt * (10_000 + lateMs)) {
        violations.add("I5", `${name} waited ${tookMs} ms for attempt ${attempt}`);
      }
    }
    await new Promise<void>((resolve) => {
      clock.after(random.between(1, 40), resolve);
    });
  }
};
