/** One number for the whole course of a run: equal for equal courses (FNV-1a over every line). */
export class Trace {
  #hash = 0x811c9dc5;

  /** Takes in a line of what happened, at an instant. */
  add(at: number, line: string): void {
    let hash = Math.imul(this.#hash ^ Math.floor(at * 8), 0x01000193);
    for (let i = 0; i < line.length; i++) hash = Math.imul(hash ^ line.charCodeAt(i), 0x01000193);
    this.#hash = hash;
  }

  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }
}
