import { expect, test } from "bun:test";
import fc from "fast-check";
import { MinHeap } from "./min-heap.ts";

test("items come out smallest first, whatever order they went in", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50 })), (numbers) => {
      const heap = new MinHeap<number>((left, right) => left < right);
      for (const number of numbers) heap.add(number);
      expect(heap.size).toBe(numbers.length);
      const taken: number[] = [];
      for (let item = heap.take(); item !== undefined; item = heap.take()) taken.push(item);
      expect(taken).toEqual([...numbers].sort((left, right) => left - right));
    }),
  );
});

test("adding and taking may alternate", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(50), { nil: undefined })), (steps) => {
      const heap = new MinHeap<number>((left, right) => left < right);
      let held: number[] = [];
      for (const step of steps) {
        if (step === undefined) {
          const smallest = held.length === 0 ? undefined : Math.min(...held);
          expect(heap.first).toBe(smallest);
          expect(heap.take()).toBe(smallest);
          if (smallest !== undefined) held = held.toSpliced(held.indexOf(smallest), 1);
        } else {
          heap.add(step);
          held.push(step);
        }
      }
      expect(heap.size).toBe(held.length);
    }),
  );
});
