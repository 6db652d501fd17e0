/** Who leaves memory for whom. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { ActorCell } from "./actor-cell.ts";
import { type CellHome, Residency } from "./residency.ts";

const makeHome = () => {
  const busy = new Set<string>();
  const dropped: string[] = [];
  let calls = 0;
  const home: CellHome = {
    mayDrop: ({ id }) => !busy.has(id),
    forget: ({ id }) => void dropped.push(id),
    roomMade: () => {
      calls += 1;
    },
  };
  const cell = (id: string, lastUsedAt = 0) =>
    ({ id, home, lastUsedAt, resident: false, older: undefined, newer: undefined }) as ActorCell;
  return { home, busy, dropped, cell, calls: () => calls };
};

const filled = (limit: number) => {
  const all = makeHome();
  const residency = new Residency(limit);
  const cells = Array.from({ length: limit }, (_, n) => all.cell(`c${n}`, n));
  expect(residency.reserve(limit, all.home)).toBe(limit);
  for (const cell of cells) residency.enter(cell);
  return { ...all, residency, cells };
};

describe("a full node", () => {
  test("lets those go that were not used for longest", () => {
    const { cells, dropped, home, residency } = filled(5);
    const [first, second] = cells as [ActorCell, ActorCell];
    residency.touch(first);
    residency.touch(second);
    expect(residency.reserve(3, home)).toBe(3);
    expect(dropped).toEqual(["c2", "c3", "c4"]);
    expect(residency.size).toBe(2);
  });

  test("passes over those that are needed", () => {
    const { busy, dropped, home, residency } = filled(5);
    for (const id of ["c0", "c1", "c3"]) busy.add(id);
    expect(residency.reserve(4, home)).toBe(2);
    expect(dropped).toEqual(["c2", "c4"]);
  });

  test("calls who waits for room once there may be some, and once only", () => {
    const { busy, calls, home, residency } = filled(2);
    for (const id of ["c0", "c1"]) busy.add(id);
    expect(residency.reserve(1, home)).toBe(0);
    residency.retry();
    residency.retry();
    expect(calls()).toBe(1);
    busy.clear();
    expect(residency.reserve(1, home)).toBe(1);
    residency.retry();
    expect(calls()).toBe(1);
  });

  test("has the room back that was not used", () => {
    const { cells, home, residency } = filled(2);
    residency.leave(cells[0] as ActorCell);
    expect(residency.reserve(1, home)).toBe(1);
    residency.giveBack(1);
    residency.leave(cells[1] as ActorCell);
    expect(residency.reserve(2, home)).toBe(2);
  });
});

test("idle ones leave, up to the first that was used since", () => {
  const { busy, dropped, residency } = filled(6);
  busy.add("c1");
  residency.dropIdle(4);
  expect(dropped).toEqual(["c0", "c2", "c3"]);
  expect(residency.size).toBe(3);
});

test("whatever happens, the list holds who is in memory, in the order of use, and no more than it may", () => {
  const step = fc.record({
    what: fc.constantFrom("use", "use", "use", "leave", "busy", "free"),
    id: fc.nat(11),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const { busy, cell, dropped, home } = makeHome();
      const residency = new Residency(5);
      const cells = Array.from({ length: 12 }, (_, n) => cell(`${n}`));
      // What the list should be, oldest first.
      let model: string[] = [];
      for (const { what, id } of steps) {
        const name = `${id}`;
        const used = cells[id] as ActorCell;
        if (what === "busy") busy.add(name);
        if (what === "free") busy.delete(name);
        if (what === "leave") residency.leave(used);
        if (what === "leave") model = model.filter((each) => each !== name);
        if (what !== "use") continue;
        if (used.resident) residency.touch(used);
        else {
          dropped.length = 0;
          const room = residency.reserve(1, home);
          const leaves = model.length < 5 ? undefined : model.find((each) => !busy.has(each));
          expect(room).toBe(model.length < 5 || leaves !== undefined ? 1 : 0);
          expect(dropped).toEqual(leaves === undefined ? [] : [leaves]);
          if (model.length === 5) {
            const passed = model.slice(0, leaves === undefined ? 5 : model.indexOf(leaves));
            model = [...model.slice(passed.length), ...passed].filter((each) => each !== leaves);
          }
          if (room === 0) continue;
          residency.enter(used);
        }
        model = [...model.filter((each) => each !== name), name];
        expect(residency.size).toBe(model.length);
      }
    }),
  );
});
