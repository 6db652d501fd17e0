/** Which primary serves which slot, as one server of a Redis Cluster told it. */
import type { Reply } from "../link.ts";
import { list, number, text } from "../reply.ts";
import { slotCount } from "./key-slot.ts";
import { splitAddress } from "./redirection.ts";

export class SlotMap {
  /** Host and port of every primary that serves slots. */
  readonly primaries: readonly string[];
  readonly #owners: readonly (string | undefined)[];

  constructor(owners: readonly (string | undefined)[]) {
    this.#owners = owners;
    this.primaries = [...new Set(owners.filter((owner) => owner !== undefined))].sort();
  }

  ownerOf(slot: number): string | undefined {
    return this.#owners[slot];
  }

  /** Slots that nobody serves. */
  get uncovered(): number {
    return slotCount - this.#owners.filter((owner) => owner !== undefined).length;
  }

  equals(other: SlotMap): boolean {
    return this.#owners.every((owner, slot) => owner === other.ownerOf(slot));
  }

  /** The same with one slot served elsewhere. */
  with(slot: number, address: string): SlotMap {
    const owners = [...this.#owners];
    owners[slot] = address;
    return new SlotMap(owners);
  }
}

export const emptySlotMap = new SlotMap(Array.from({ length: slotCount }, () => undefined));

/**
 * Reads the answer of CLUSTER SLOTS. A server that knows no address of its own gives none, or `?`:
 * then it is the one that was `asked`. `translate` says where an address is reached from here.
 */
export const parseSlots = (
  reply: Reply,
  asked: string,
  translate: (address: string) => string,
): SlotMap => {
  const owners: (string | undefined)[] = Array.from({ length: slotCount }, () => undefined);
  for (const range of list(reply)) {
    const [from, to, primary] = list(range);
    const [host, port] = list(primary);
    const name = host === null || host === undefined ? "" : text(host);
    const known = name === "" || name === "?" ? splitAddress(asked).host : name;
    const address = translate(`${known}:${number(port)}`);
    for (let slot = number(from); slot <= number(to); slot++) owners[slot] = address;
  }
  return new SlotMap(owners);
};
