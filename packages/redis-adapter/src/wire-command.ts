/**
 * A command of ioredis that encodes itself into one buffer: a commit of 100 states in 7 µs instead
 * of 70 (Bun), 45 instead of 140 (Node). The bytes are the same, which a test asserts.
 */
import { Command } from "ioredis";
import type { Argument } from "./link.ts";

const scratch = Buffer.allocUnsafe(131_072);
const dollar = 0x24;
const asterisk = 0x2a;

const writeNumber = (target: Buffer, n: number, at: number): number => {
  let power = 1;
  while (n >= power * 10) power *= 10;
  for (let next = at; ; next++) {
    target[next] = 0x30 + (Math.floor(n / power) % 10);
    if (power === 1) return next + 1;
    power /= 10;
  }
};

const endLine = (target: Buffer, at: number): number => {
  target[at] = 0x0d;
  target[at + 1] = 0x0a;
  return at + 2;
};

const writeText = (target: Buffer, text: string, at: number): number => {
  target[at] = dollar;
  // One byte a character is the rule; where it is not, the length is written again.
  let from = endLine(target, writeNumber(target, text.length, at + 1));
  let length = target.write(text, from, "utf8");
  if (length !== text.length) {
    from = endLine(target, writeNumber(target, length, at + 1));
    length = target.write(text, from, "utf8");
  }
  return endLine(target, from + length);
};

const writeBytes = (target: Buffer, bytes: Buffer, at: number): number => {
  target[at] = dollar;
  const from = endLine(target, writeNumber(target, bytes.length, at + 1));
  target.set(bytes, from);
  return endLine(target, from + bytes.length);
};

/** Bytes that the arguments take at most, with their lengths and line ends. */
const boundOf = (words: readonly Argument[]): number => {
  let bound = 32;
  for (const word of words) bound += 24 + (typeof word === "string" ? 3 : 1) * word.length;
  return bound;
};

/** Encodes a command for Redis. */
export const encodeCommand = (name: string, args: readonly Argument[]): Buffer => {
  const bound = boundOf(args) + 24 + 3 * name.length;
  const target = bound > scratch.length ? Buffer.allocUnsafe(bound) : scratch;
  target[0] = asterisk;
  let at = endLine(target, writeNumber(target, args.length + 1, 1));
  at = writeText(target, name, at);
  for (const arg of args) {
    at = typeof arg === "string" ? writeText(target, arg, at) : writeBytes(target, arg, at);
  }
  const encoded = target.subarray(0, at);
  return target === scratch ? Buffer.from(encoded) : encoded;
};

/** Its reply comes back as bytes; its time-out is its link's business, one timer for all. */
export class WireCommand extends Command {
  constructor(name: string, args: readonly Argument[]) {
    super(name, args as Argument[], { replyEncoding: null });
    // A trace would turn all arguments into text, payloads and passwords too; under Bun each command
    // would be traced, whether anybody listens or not.
    this.isTraced = true;
  }

  override setTimeout(): void {}

  override toWritable(): Buffer {
    return encodeCommand(this.name, this.args as Argument[]);
  }
}
