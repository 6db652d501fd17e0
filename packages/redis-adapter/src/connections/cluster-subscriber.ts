/**
 * Subscriptions to channels that belong to slots: each stands at the primary of its slot and follows
 * it. All work is done slot by slot, by one round that is repeated while anything is missing, so that
 * a first subscription, a reconnect, a moved slot and a fail-over are the same to it.
 */
import { BackendUnavailable, type Cancel, type Clock, type Logger } from "@muster/core/ports";
import type { Link } from "../link.ts";
import { ClusterLinks } from "./cluster-links.ts";
import type { ClusterMap } from "./cluster-map.ts";
import type { Subscriber } from "./connections.ts";
import { keySlot } from "./key-slot.ts";
import { redirectionOf, serverMessage } from "./redirection.ts";

export interface ClusterSubscriberContext {
  readonly map: ClusterMap;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long a subscription may take. */
  readonly timeoutMs: number;
  make(address: string): Link;
}

interface Channel {
  readonly slot: number;
  /** Server at which the subscription stands. */
  at: string | undefined;
  /** True once it has stood: renewed, it may have missed messages. */
  hasStood: boolean;
  /** Monotonic ms since when it does not stand. */
  missingSince: number;
}

/** Not a matter of time or place: the user may not subscribe here. */
const isRefusal = (error: unknown): boolean => /^(NOPERM|ERR)\b/.test(serverMessage(error));

const pingEveryMs = 2_000;
const longestPauseMs = 250;
/** Slots that come back together are told together. */
const tellAfterMs = 10;

export class ClusterSubscriber implements Subscriber {
  readonly #context: ClusterSubscriberContext;
  readonly #links: ClusterLinks;
  readonly #channels = new Map<string, Channel>();
  readonly #messages = new Set<(channel: string, bytes: Buffer) => void>();
  readonly #restored = new Set<() => void>();
  readonly #busy = new Set<number>();
  readonly #attempts = new Map<number, number>();
  readonly #refusals = new Map<number, unknown>();
  /** How often a server's subscriptions have ended: an answer from before the last end counts for nothing. */
  readonly #ends = new Map<string, number>();
  readonly #waiting = new Set<() => void>();
  #round: Cancel | undefined;
  #tell: Cancel | undefined;
  #ping: Cancel | undefined;
  #ended = false;

  constructor(context: ClusterSubscriberContext) {
    this.#context = context;
    this.#links = new ClusterLinks({
      map: context.map,
      make: (address) => this.#listen(address, context.make(address)),
      ready: () => this.#renew(),
      cut: (address) => this.#fell(address),
    });
    context.map.onChange(() => this.#renew());
    this.#pingLater();
  }

  /** Ms for which a channel of the key's slot has been missing; 0 while all stand. */
  awayMs(key: string): number {
    const slot = keySlot(key);
    const now = this.#context.clock.monotonic();
    let away = 0;
    for (const channel of this.#channels.values()) {
      if (channel.slot !== slot || channel.at !== undefined || !channel.hasStood) continue;
      away = Math.max(away, now - channel.missingSince);
    }
    return away;
  }

  async subscribe(channels: readonly string[]): Promise<void> {
    const fresh = channels.filter((channel) => !this.#channels.has(channel));
    const missingSince = this.#context.clock.monotonic();
    for (const name of fresh) {
      const slot = keySlot(name);
      this.#channels.set(name, { slot, at: undefined, hasStood: false, missingSince });
    }
    try {
      await this.stand(channels);
    } catch (error) {
      for (const name of fresh) this.#channels.delete(name);
      throw error;
    }
  }

  /** Resolves once all of these channels, subscribed before, stand. @throws BackendUnavailable */
  async stand(names: readonly string[]): Promise<void> {
    const slots = new Set<number>();
    const missing = (): string | undefined => {
      const left = names.filter((name) => this.#channels.get(name)?.at === undefined);
      slots.clear();
      for (const name of left) slots.add(keySlot(name));
      return left[0];
    };
    if (missing() === undefined) return;
    for (const slot of slots) this.#refusals.delete(slot);
    this.#renew();
    const { clock, timeoutMs } = this.#context;
    await new Promise<void>((resolve) => {
      let cancel: Cancel = () => {};
      const end = () => {
        cancel();
        this.#waiting.delete(look);
        resolve();
      };
      const look = () => {
        const refused = [...slots].some((slot) => this.#refusals.has(slot));
        if (missing() === undefined || refused || this.#ended) end();
      };
      cancel = clock.after(timeoutMs, end);
      this.#waiting.add(look);
    });
    const left = missing();
    if (left !== undefined) throw this.#whyNot(left);
  }

  async unsubscribe(channels: readonly string[]): Promise<void> {
    for (const name of channels) {
      const at = this.#channels.get(name)?.at;
      this.#channels.delete(name);
      const link = at === undefined ? undefined : this.#links.get(at);
      if (!link?.isReady) continue;
      await link.call("SUNSUBSCRIBE", "sunsubscribe", [name]).catch(() => {});
    }
  }

  onMessage(listener: (channel: string, bytes: Buffer) => void): void {
    this.#messages.add(listener);
  }

  onRestored(listener: () => void): void {
    this.#restored.add(listener);
  }

  end(): void {
    this.#ended = true;
    for (const cancel of [this.#round, this.#tell, this.#ping]) cancel?.();
    this.#links.close();
    for (const done of [...this.#waiting]) done();
  }

  #listen(address: string, link: Link): Link {
    link.redis.on("smessageBuffer", (channel: Buffer, bytes: Buffer) => {
      for (const listener of this.#messages) listener(channel.toString("utf8"), bytes);
    });
    // The server has ended subscriptions, since a slot moved. Which ones is not told.
    link.redis.on("moved", () => {
      this.#context.map.refresh();
      this.#fell(address);
    });
    return link;
  }

  /** Nothing stands at this server any more, as far as is known. */
  #fell(address: string): void {
    const now = this.#context.clock.monotonic();
    this.#ends.set(address, (this.#ends.get(address) ?? 0) + 1);
    for (const channel of this.#channels.values()) {
      if (channel.at !== address) continue;
      channel.at = undefined;
      channel.missingSince = now;
    }
    this.#renew();
  }

  /** Subscribes what does not stand where it should. */
  #renew(): void {
    if (this.#ended) return;
    this.#round?.();
    this.#round = undefined;
    const { map } = this.#context;
    const missing = new Map<number, string[]>();
    for (const [name, channel] of this.#channels) {
      const owner = map.current.ownerOf(channel.slot);
      if (channel.at !== undefined && (owner === undefined || owner === channel.at)) continue;
      const names = missing.get(channel.slot);
      if (names) names.push(name);
      else missing.set(channel.slot, [name]);
    }
    let pauseMs = longestPauseMs;
    for (const [slot, names] of missing) {
      if (this.#busy.has(slot)) continue;
      pauseMs = Math.min(pauseMs, 5 * 2 ** (this.#attempts.get(slot) ?? 0));
      void this.#subscribe(slot, names);
    }
    if (missing.size > 0) this.#round = this.#context.clock.after(pauseMs, () => this.#renew());
  }

  async #subscribe(slot: number, names: readonly string[]): Promise<void> {
    const { map, logger } = this.#context;
    const address = map.current.ownerOf(slot);
    const link = address === undefined ? undefined : this.#links.get(address);
    const attempts = (this.#attempts.get(slot) ?? 0) + 1;
    this.#attempts.set(slot, Math.min(attempts, 10));
    if (address === undefined || !link?.isReady) {
      map.refresh();
      return;
    }
    this.#busy.add(slot);
    const ends = this.#ends.get(address);
    try {
      await link.call("SSUBSCRIBE", "ssubscribe", names);
      if (this.#ends.get(address) === ends) this.#stands(address, names);
      this.#attempts.delete(slot);
    } catch (error) {
      const to = redirectionOf(serverMessage(error), address);
      if (to?.kind === "moved") map.moved(to.slot, to.address);
      else if (!to && isRefusal(error)) {
        if (!this.#refusals.has(slot)) logger.warn({ error }, "a subscription was refused");
        this.#refusals.set(slot, error);
      }
    } finally {
      this.#busy.delete(slot);
    }
    for (const done of [...this.#waiting]) done();
  }

  #stands(address: string, names: readonly string[]): void {
    for (const name of names) {
      const channel = this.#channels.get(name);
      if (!channel) continue;
      channel.at = address;
      if (channel.hasStood) this.#tellRestored();
      channel.hasStood = true;
    }
  }

  #tellRestored(): void {
    this.#tell ??= this.#context.clock.after(tellAfterMs, () => {
      this.#tell = undefined;
      for (const restored of this.#restored) restored();
    });
  }

  #whyNot(name: string): BackendUnavailable {
    const refusal = this.#refusals.get(keySlot(name));
    if (refusal instanceof BackendUnavailable) return refusal;
    const owner = this.#context.map.ownerOf(name);
    const link = owner === undefined ? undefined : this.#links.get(owner);
    const cause = link?.lastError ?? new Error("The subscription does not stand.");
    return new BackendUnavailable("SSUBSCRIBE", cause);
  }

  #pingLater(): void {
    this.#ping = this.#context.clock.after(pingEveryMs, () => {
      for (const link of this.#links.all()) {
        if (link.isReady) link.call("ping", "ping", []).catch(() => {});
      }
      this.#pingLater();
    });
  }
}
