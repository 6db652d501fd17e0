/** What this package uses of redlock 4, which has no types of its own. */
declare module "redlock" {
  export interface Lock {
    readonly value: string;
    extend(ttlMs: number): PromiseLike<Lock>;
    unlock(): PromiseLike<unknown>;
  }
  type Callback = (error: Error | null, reply?: unknown) => void;
  /** A client as far as redlock uses it. */
  export interface Server {
    evalsha(hash: string, args: readonly (string | number)[], callback: Callback): void;
    eval(args: readonly (string | number)[], callback: Callback): void;
  }
  class Redlock {
    constructor(
      servers: readonly Server[],
      options: { readonly retryCount: number; readonly driftFactor: number },
    );
    lock(resource: string, ttlMs: number): PromiseLike<Lock>;
  }

  // biome-ignore lint/style/noDefaultExport: the module has no other export
  export { Redlock as default };
}
