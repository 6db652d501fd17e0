/**
 * Declares a kind of actor in two steps, protocol then behaviour: the order that infers best.
 * Handlers are pure and synchronous; what they return is committed as a whole or not at all.
 */
import { z } from "zod";
import { MusterError } from "./errors.ts";
import type { ActorAddress } from "./model/actor-address.ts";
import type { RetryPolicy } from "./model/retry-policy.ts";
import type { Principal } from "./principal.ts";

type Z = z.ZodType;

/** One command of a protocol. Without `output` it answers nothing; `readOnly` changes nothing. */
export interface CommandSpec {
  readonly input: Z;
  readonly output?: Z;
  readonly refusals?: readonly string[];
  readonly readOnly?: boolean;
}
export type CommandSpecs = Readonly<Record<string, CommandSpec>>;

/** What a command answers. */
export type Output<C extends CommandSpec> = C extends { readonly output: infer O extends Z }
  ? z.output<O>
  : // biome-ignore lint/suspicious/noConfusingVoidType: a command without output answers nothing
    void;
/** The refusals a command declares. */
export type RefusalOf<C extends CommandSpec> = C extends {
  readonly refusals: readonly (infer R extends string)[];
}
  ? R
  : never;
/** What an ask resolves with: the output, or a value that may be a refusal where some are declared. */
export type Answer<C extends CommandSpec> = [RefusalOf<C>] extends [never]
  ? Output<C>
  :
      | { readonly ok: true; readonly value: Output<C> }
      | { readonly ok: false; readonly refusal: RefusalOf<C> };

declare const deferred: unique symbol;
/** Names an ask of the command `K` that a later turn answers; plain text that a state may keep. */
export type Deferral<K extends string = string> = string & { readonly [deferred]: K };

/** Shape of a {@link Deferral} of one command, for states and inputs that keep or carry it. */
export const deferral = <const K extends string>(
  command: K,
): z.ZodType<Deferral<K>, Deferral<K>> => {
  const text = z.string().min(1).max(256).describe(`an ask of "${command}", to be answered`);
  return text as unknown as z.ZodType<Deferral<K>, Deferral<K>>;
};

/** What a handler may know besides its state and input; read-only. */
export interface Facts<K extends string = string> {
  /** Redis time, epoch milliseconds. */
  readonly now: number;
  readonly self: ActorAddress;
  /** Compare both parts: grows with every owner, new after a loss of data. */
  readonly fence: { readonly datasetId: string; readonly epoch: number };
  readonly sender: string;
  readonly principal: string | undefined;
  readonly idempotencyKey: string | undefined;
  /** 1 for the first try of a told message. */
  readonly attempt: number;
  /** Random and unique to this turn; the same when a turn is run again after a failed commit. */
  readonly turnId: string;
  /**
   * Names the ask that this turn handles, for a later turn to answer after {@link Next.defer}. An
   * effect that this turn starts without an `id` of its own has the same id.
   */
  readonly ask: Deferral<K>;
}

/** A timer of the actor: when due, `command` is told to it. Setting a name again replaces it. */
export type TimerChange =
  | {
      readonly name: string;
      readonly at: number;
      readonly command: string;
      readonly input?: unknown;
    }
  | {
      readonly name: string;
      readonly afterMs: number;
      readonly command: string;
      readonly input?: unknown;
    }
  | { readonly name: string; readonly cancel: true };

/** A message to another actor (or itself), sent with the commit. Made by {@link tellTo}. */
export interface OutgoingTell {
  readonly to: ActorAddress;
  readonly partitionKey: string;
  readonly command: string;
  readonly input: unknown;
}

/** Work to be started after the commit; `id` makes it unique within the actor. */
export interface EffectStart {
  readonly effect: string;
  readonly id?: string;
  readonly input: unknown;
}

/** A user-visible event, written to the history with the commit. */
export interface ActorEvent {
  readonly type: string;
  readonly data?: unknown;
  readonly reason?: string;
  /** `kind/id` of what it is about, at most 600 characters. @defaultValue this actor */
  readonly subject?: string;
}

/** What a turn does besides changing its state. */
export interface More {
  readonly timers?: readonly TimerChange[];
  readonly tell?: readonly OutgoingTell[];
  readonly effects?: readonly EffectStart[];
  readonly events?: readonly ActorEvent[];
}

declare const decided: unique symbol;
/** The outcome of a turn; made by {@link Turn} only. */
export interface Decision<C extends CommandSpec> {
  readonly [decided]: C;
}

/** What a reply takes: the output, or nothing where none is declared. */
// biome-ignore lint/suspicious/noConfusingVoidType: a command without output takes no value
export type Reply<C extends CommandSpec> = [Output<C>] extends [void] ? [] : [Output<C>];

export interface Turn<S, C extends CommandSpec, P extends CommandSpecs = CommandSpecs> {
  /** Sets the next state, and what happens with it. Without it the state stays. */
  next(state: S, more?: More): Next<S, C, P>;
  reply(...value: Reply<C>): Decision<C>;
  /** Declines as declared: nothing of `next` is kept. */
  refuse(refusal: RefusalOf<C>): Decision<C>;
}

/** A turn that has set its next state. */
export interface Next<S, C extends CommandSpec, P extends CommandSpecs = CommandSpecs>
  extends Turn<S, C, P> {
  /**
   * Ends the turn without an answer: a later turn of this actor answers `facts.ask`. The asker
   * waits until its deadline; a repeat under the same idempotency key joins it. A told message has
   * nobody to answer, and ends here.
   */
  defer(...none: C extends { readonly readOnly: true } ? [never] : []): Decision<C>;
  /**
   * Answers an ask that an earlier turn deferred, with the commit of this one. One that was
   * answered before, or whose asker waits no longer, is passed over.
   */
  answer<K extends keyof P & string>(to: Deferral<K>, ...value: Reply<P[K]>): Next<S, C, P>;
  /** Declines such an ask, as its command declares. */
  answerRefusal<K extends keyof P & string>(
    to: Deferral<K>,
    refusal: RefusalOf<P[K]>,
  ): Next<S, C, P>;
}

export interface EffectContext {
  readonly signal: AbortSignal;
  readonly idempotencyKey: string;
  readonly fence: Facts["fence"];
  readonly attempt: number;
  /**
   * Another actor, called on behalf of the one that started the effect. An effect may run again:
   * give an ask an idempotency key of its own. An ask of an actor that waits for this effect, with
   * an ask it has deferred, is refused with `CALL_CYCLE`.
   */
  actor<St extends Z, P extends CommandSpecs>(protocol: Protocol<St, P>, id: string): ActorRef<P>;
}

/** Work outside the actor. The outcome comes back as the command `then` or `failed`. */
export interface EffectSpec {
  readonly input: Z;
  readonly output: Z;
  readonly retry?: Partial<RetryPolicy>;
  /** @defaultValue "rerun" */
  readonly onCrash?: "rerun" | "interrupt";
  /** Limit of one attempt in milliseconds. @defaultValue 30000 */
  readonly timeoutMs?: number;
  /** Command told with `{ id, input, output }` after success. */
  readonly then: string;
  /** Command told with `{ id, input, error, attempts }` when attempts are used up. */
  readonly failed: string;
  // biome-ignore lint/suspicious/noExplicitAny: the schemas type it, see defineEffect
  run(input: any, context: EffectContext): Promise<unknown>;
}

/** Types an effect's `run` by its schemas. */
export const defineEffect = <I extends Z, O extends Z>(
  effect: Omit<EffectSpec, "input" | "output" | "run"> & {
    readonly input: I;
    readonly output: O;
    run(input: z.output<I>, context: EffectContext): Promise<z.input<O>>;
  },
): EffectSpec => effect;

export interface Implementation<St extends Z, P extends CommandSpecs> {
  /** State of an actor that was never written. */
  initial(id: string): z.output<St>;
  readonly on: {
    readonly [K in keyof P]: (
      turn: Turn<z.output<St>, P[K], P>,
      state: z.output<St>,
      input: z.output<P[K]["input"]>,
      facts: Facts<K & string>,
    ) => Decision<P[K]>;
  };
  readonly effects?: Readonly<Record<string, EffectSpec>>;
  /** Publishes a list row that every node keeps in memory; `undefined` removes it. */
  view?(state: z.output<St>, id: string): unknown;
  /** Shape of that row; a row that does not fit is listed as unreadable and never acted on (I8). */
  readonly row?: Z;
  /** Version of the state's shape. @defaultValue 1 */
  readonly version?: number;
  /** Turns a state written by an older version into the present shape. */
  migrate?(state: unknown, fromVersion: number): unknown;
}

/** What callers need to know of a kind. */
export interface Protocol<St extends Z, P extends CommandSpecs> {
  readonly kind: string;
  readonly state: St;
  readonly commands: P;
  /** Actors with the same partition key share a shard. @defaultValue the id */
  partition(id: string): string;
  implement(implementation: Implementation<St, P>): ActorKind<St, P>;
}

/** A protocol with its behaviour: what `createMuster({ actors })` takes. */
export interface ActorKind<St extends Z = Z, P extends CommandSpecs = CommandSpecs>
  extends Protocol<St, P> {
  readonly implementation: Implementation<St, P>;
}

export interface AskOptions {
  /** @defaultValue 10000 */
  readonly timeoutMs?: number;
  /** Repeating a call with its key applies it once and answers the first reply, for 10 minutes. */
  readonly idempotencyKey?: string;
  readonly keepKeyMs?: number;
  readonly principal?: Principal;
  /**
   * Rejects with `BACKEND_UNAVAILABLE`, outcome unknown, as soon as the backend is found away,
   * instead of waiting for the deadline. @defaultValue false
   */
  readonly failFast?: boolean;
}

/** One actor as a caller sees it. */
export interface ActorRef<P extends CommandSpecs> {
  readonly ask: {
    readonly [K in keyof P]: (
      input: z.input<P[K]["input"]>,
      options?: AskOptions,
    ) => Promise<Answer<P[K]>>;
  };
  readonly tell: {
    readonly [K in keyof P]: (input: z.input<P[K]["input"]>) => Promise<void>;
  };
}

/**
 * Declares the protocol of a kind: its state and commands.
 * @throws MusterError `OPTIONS_INVALID` for a kind that is not `[a-z][a-z0-9-]{0,62}`
 */
export const defineActor = <St extends Z, const P extends CommandSpecs>(definition: {
  readonly kind: string;
  readonly state: St;
  readonly commands: P;
  partition?(id: string): string;
}): Protocol<St, P> => {
  if (!/^[a-z][a-z0-9-]{0,62}$/.test(definition.kind)) {
    throw new MusterError(
      "OPTIONS_INVALID",
      `The actor kind "${definition.kind}" must begin with a letter and hold only a-z, 0-9 and "-", at most 63 characters.`,
    );
  }
  const protocol: Omit<Protocol<St, P>, "implement"> = {
    kind: definition.kind,
    state: definition.state,
    commands: definition.commands,
    partition: definition.partition ?? ((id) => id),
  };
  return {
    ...protocol,
    implement: (implementation) => ({
      ...protocol,
      implementation,
      implement: () => {
        throw new MusterError(
          "OPTIONS_INVALID",
          `The kind "${definition.kind}" has its behaviour already.`,
        );
      },
    }),
  };
};

/** Builds messages for `more.tell`, typed by the receiver's protocol. */
export const tellTo = <St extends Z, P extends CommandSpecs>(
  protocol: Protocol<St, P>,
  id: string,
): { readonly [K in keyof P]: (input: z.input<P[K]["input"]>) => OutgoingTell } =>
  new Proxy({} as { [K in keyof P]: (input: z.input<P[K]["input"]>) => OutgoingTell }, {
    get: (_, command) => (input: unknown) => ({
      to: { kind: protocol.kind, id },
      partitionKey: protocol.partition(id),
      command: String(command),
      input,
    }),
  });
