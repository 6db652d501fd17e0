/** Bounds how many do something at once; the others wait in the order of asking. */
export class Slots {
  readonly #limit: number;
  readonly #queue: (() => void)[] = [];
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get running(): number {
    return this.#used;
  }

  async take(): Promise<() => void> {
    if (this.#used >= this.#limit) await new Promise<void>((resolve) => this.#queue.push(resolve));
    this.#used += 1;
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#used -= 1;
      this.#queue.shift()?.();
    };
  }
}
