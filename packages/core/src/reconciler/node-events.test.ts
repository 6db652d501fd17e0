import { expect, test } from "bun:test";
import { nodeEvents, type SeenNode } from "./node-events.ts";

const node = (state: SeenNode["state"], incarnation = "a", id = "web-1"): SeenNode => ({
  id,
  incarnation,
  state,
});
const told = (known: readonly SeenNode[], seen: readonly SeenNode[]) =>
  nodeEvents(known, seen).map(({ type, subject }) => `${type} ${subject}`);

test.each<[string, SeenNode[], SeenNode[], string[]]>([
  ["one that is new has joined", [], [node("live")], ["node.joined node/web-1"]],
  ["one that is seen again says nothing", [node("live")], [node("live")], []],
  ["a restart is a join", [node("live")], [node("live", "b")], ["node.joined node/web-1"]],
  ["one that stays away is lost", [node("live")], [node("lost")], ["node.lost node/web-1"]],
  ["a lost one that comes back joins", [node("lost")], [node("live")], ["node.joined node/web-1"]],
  ["one that stops has left", [node("live")], [node("left")], ["node.left node/web-1"]],
  ["one lost before it was seen is lost", [], [node("lost")], ["node.lost node/web-1"]],
  ["a lost one that is listed no more was reaped", [node("lost")], [], ["node.reaped node/web-1"]],
  ["one that left is forgotten silently", [node("left")], [], []],
  [
    "several are told in order",
    [node("lost")],
    [node("live", "x", "web-2"), node("live", "y", "web-3")],
    ["node.reaped node/web-1", "node.joined node/web-2", "node.joined node/web-3"],
  ],
])("%s", (_, known, seen, events) => {
  expect(told(known, seen)).toEqual(events);
});
