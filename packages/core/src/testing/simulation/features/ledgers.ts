/**
 * Commands of all sorts to ledgers, by callers on every node, each knowing what it was told of each
 * command: acknowledged ones are there exactly once (I2), others at most once (I3), in order (I4).
 */
import { isMusterError } from "../../../errors.ts";
import type { SeededRandom } from "../../seeded-random.ts";
import type { Feature, FeatureFactory, Finding, World } from "../feature.ts";
import { observed } from "../observed-kind.ts";
import type { SimProcess } from "../process.ts";
import { Entries, entryOf, type Sent } from "./entries.ts";
import { Ledger, ledgerProtocol } from "./ledger.ts";
import { ToldLosses } from "./told-losses.ts";

const ids = ["a", "b", "c", "d", "e", "f", "g", "h"];
const callersPerProcess = 2;
const askMs = 4_000;
const tellMs = 10_000;

class Caller {
  readonly #world: World;
  readonly #book: Book;
  readonly #process: SimProcess;
  readonly #random: SeededRandom;
  readonly name: string;
  #n = 0;

  constructor(world: World, book: Book, process: SimProcess, index: number) {
    this.#world = world;
    this.#book = book;
    this.#process = process;
    this.#random = process.random.fork();
    this.name = `${process.name}.${index}`;
  }

  /** Sends one command after another until told to stop; never rejects. */
  async run(): Promise<void> {
    while (this.#isWanted) {
      await this.#command();
      await this.#pause(this.#random.between(1, 150));
      if (this.#random.chance(0.1)) await this.#read();
      if (this.#random.chance(0.003)) await this.#burst();
    }
  }

  get #isWanted(): boolean {
    return this.#world.isActive && this.#process.state === "running";
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#process.clock.after(ms, resolve);
    });
  }

  #begin(keyed: boolean, ledger = this.#random.pick(ids)): Sent {
    this.#n += 1;
    const forwarded = this.#random.chance(0.15);
    return this.#book.begin({
      sender: this.name,
      n: this.#n,
      ledger,
      ...(forwarded && { to: this.#random.pick(ids) }),
      keyed,
      fate: "open",
      isExcused: false,
    });
  }

  async #command(): Promise<void> {
    const sent = this.#begin(this.#random.chance(0.3));
    // A keyed command may be repeated: it is applied once all the same.
    for (let attempt = 1; sent.fate === "open"; attempt++) {
      try {
        await this.#send(sent);
      } catch (error) {
        if (sent.keyed && attempt < 3 && this.#isWanted) continue;
        this.#failed(sent, error, attempt);
      }
    }
  }

  /** A read sees all that was committed before it began, and nothing that is not. */
  async #read(): Promise<void> {
    const ledger = this.#random.pick(ids);
    const { ask } = this.#process.muster.actor(ledgerProtocol, ledger);
    const { entries } = this.#book;
    const least = entries.count(ledger);
    try {
      const asked = ask.length({}, { timeoutMs: askMs });
      const what = `a read of ${ledger} by ${this.name}`;
      const length = await this.#world.promises.watch(this.#process, askMs, what, asked);
      if (this.#world.hasLost) return;
      if (length < least) {
        this.#world.violations.add("I2", `${what} saw ${length} of ${least} entries`);
      } else if (length > entries.count(ledger)) {
        this.#world.violations.add(
          "I2",
          `${what} saw ${length} entries, of which some are not there`,
        );
      }
    } catch (error) {
      if (!isMusterError(error)) this.#world.violations.add("error", String(error));
    }
  }

  /** Tells a ledger many things at once, which may be more than a mailbox holds. */
  async #burst(): Promise<void> {
    const ledger = this.#random.pick(ids);
    const { tell } = this.#process.muster.actor(ledgerProtocol, ledger);
    const all = Array.from({ length: 30 }, () => {
      const { to: _, ...sent } = this.#begin(false, ledger);
      return this.#book.begin(sent);
    });
    await Promise.all(
      all.map(async (sent) => {
        try {
          await this.#watch(tellMs, sent, tell.append({ entry: entryOf(sent) }));
          this.#book.told(sent);
        } catch (error) {
          this.#failed(sent, error, 1);
        }
      }),
    );
  }

  #failed(sent: Sent, error: unknown, attempt: number): void {
    if (!isMusterError(error)) this.#world.violations.add("error", String(error));
    const known = isMusterError(error) ? error.outcome : undefined;
    if (known === "not-applied" && attempt === 1) this.#book.notApplied(sent);
    else if (sent.fate === "open") sent.fate = "unknown";
  }

  #watch<T>(limitMs: number, sent: Sent, promise: Promise<T>): Promise<T> {
    return this.#world.promises.watch(this.#process, limitMs, entryOf(sent), promise);
  }

  async #send(sent: Sent): Promise<void> {
    const { ask, tell } = this.#process.muster.actor(ledgerProtocol, sent.ledger);
    const entry = entryOf(sent);
    const options = { timeoutMs: askMs, ...(sent.keyed && { idempotencyKey: entry }) };
    if (sent.to !== undefined) {
      const told = `${sent.sender}>${sent.ledger}/${sent.n}`;
      await this.#watch(askMs, sent, ask.forward({ entry, told, to: sent.to }, options));
    } else if (sent.keyed || this.#random.chance(0.6)) {
      await this.#watch(askMs, sent, ask.append({ entry }, options));
    } else if (this.#random.chance(0.1)) {
      const answer = await this.#watch(askMs, sent, ask.decline({ entry }, options));
      if (answer.ok) this.#world.violations.add("I3", `${entry} was not declined`);
      this.#book.notApplied(sent);
      return;
    } else {
      const failures = this.#random.chance(0.1) ? 1 : 0;
      const told = failures > 0 ? tell.stumble({ entry, failures }) : tell.append({ entry });
      await this.#watch(tellMs, sent, told);
      this.#book.told(sent);
      return;
    }
    this.#book.acknowledged(sent);
  }
}

/** All commands that were sent, and what became of them. */
class Book {
  readonly #world: World;
  readonly #sent = new Map<string, Sent>();
  readonly entries: Entries;
  readonly losses: ToldLosses;

  constructor(world: World) {
    this.#world = world;
    this.entries = new Entries(world.violations);
    this.losses = new ToldLosses(world);
  }

  get all(): IterableIterator<Sent> {
    return this.#sent.values();
  }

  begin(sent: Sent): Sent {
    this.#sent.set(entryOf(sent), sent);
    return sent;
  }

  acknowledged(sent: Sent): void {
    this.#settle(sent, "acknowledged");
    const entry = entryOf(sent);
    if (sent.isExcused || this.entries.has(sent.ledger, entry)) return;
    this.#world.violations.add("I2", `${entry} was acknowledged and is not in ${sent.ledger}`);
  }

  /** A told message is durable: in the state, or in the mailbox. */
  told(sent: Sent): void {
    this.#settle(sent, "told");
    const entry = entryOf(sent);
    if (sent.isExcused || this.#isThere(sent)) return;
    this.#world.violations.add("I2", `${entry} was acknowledged and waits nowhere`);
  }

  notApplied(sent: Sent): void {
    this.#settle(sent, "not-applied");
    const entry = entryOf(sent);
    if (!this.entries.has(sent.ledger, entry)) return;
    this.#world.violations.add("I3", `${entry} was said not to be applied and is there`);
  }

  ended(process: SimProcess): void {
    for (const sent of this.#sent.values()) {
      if (sent.fate === "open" && sent.sender.startsWith(`${process.name}.`)) sent.fate = "unknown";
    }
  }

  written(ledger: string, entries: readonly string[]): void {
    for (const entry of this.entries.take(ledger, entries)) {
      if (this.#sent.get(entry)?.fate !== "not-applied") continue;
      this.#world.violations.add("I3", `${entry} was said not to be applied and came later`);
    }
  }

  lost(): void {
    const { store } = this.#world;
    for (const id of ids) {
      const state = store.state("ledger", id) as { readonly entries: string[] } | undefined;
      this.entries.restart(id, state?.entries ?? []);
    }
    for (const sent of this.#sent.values()) {
      const isSaid = sent.fate === "acknowledged" || sent.fate === "told";
      if (isSaid && !sent.isExcused && !this.#isThere(sent)) this.losses.missed(sent);
      sent.isExcused = true;
    }
  }

  /** In the state, or on its way to it in the mailbox. */
  #isThere(sent: Sent): boolean {
    const entry = entryOf(sent);
    if (this.entries.has(sent.ledger, entry)) return true;
    const { store } = this.#world;
    return store
      .mail(store.shardOf(sent.ledger))
      .some(({ input }) => (input as { readonly entry?: unknown } | null)?.entry === entry);
  }

  /** Acknowledged commands that are not there, and messages without their cause or the other way. */
  missing(): readonly Finding[] {
    const findings: Finding[] = [];
    for (const sent of this.#sent.values()) {
      if (sent.isExcused) continue;
      const entry = entryOf(sent);
      const isThere = this.entries.has(sent.ledger, entry);
      const isSaid = sent.fate === "acknowledged" || sent.fate === "told";
      if (isSaid && !isThere) {
        findings.push({ invariant: "I2", detail: `${entry} was acknowledged and is not there` });
      }
      if (sent.to === undefined) continue;
      const told = `${sent.sender}>${sent.ledger}/${sent.n}`;
      if (this.entries.has(sent.to, told) === isThere) continue;
      const detail = `${entry} is ${isThere ? "there" : "not there"}, its message is otherwise`;
      findings.push({ invariant: "I2", detail });
    }
    return findings;
  }

  #settle(sent: Sent, fate: Sent["fate"]): void {
    if (sent.fate === "open") sent.fate = fate;
    this.#world.trace(`${entryOf(sent)} ${fate}`);
  }
}

/** Ledgers and their callers. */
export const ledgers: FeatureFactory = (world): Feature => {
  const book = new Book(world);
  return {
    name: "actors",
    compose: (process) => ({ actors: [observed(Ledger, process, world.lease)] }),
    began: (process) => {
      for (let i = 0; i < callersPerProcess; i++) void new Caller(world, book, process, i).run();
    },
    ended: (process) => book.ended(process),
    states: {
      ledger: (id, state) =>
        book.written(id, (state as { readonly entries: string[] } | undefined)?.entries ?? []),
    },
    lost: () => book.lost(),
    probes: () =>
      ids.map((id) => ({
        name: `ledger ${id}`,
        ask: ({ muster }) => muster.actor(ledgerProtocol, id).ask.length({}, { timeoutMs: 1_000 }),
      })),
    unsettled: () => [...book.missing(), ...book.losses.unsettled()],
    counts: () => {
      const fates = [...book.all].map(({ fate }) => fate);
      const countOf = (...wanted: Sent["fate"][]) =>
        fates.filter((fate) => wanted.includes(fate)).length;
      return {
        sent: fates.length,
        acknowledged: countOf("acknowledged", "told"),
        unknown: countOf("unknown"),
      };
    },
  };
};
