/** Elections in memory. */
import type { Guard, Term } from "../ports/guard.ts";
import type { Link } from "./link.ts";

/** True while a term stands. */
export const holdsRole = (link: Link, { role, token }: Term): boolean => {
  const held = link.data.roles.get(role);
  return held?.token === token && held.until > link.now;
};

export const memoryGuard = (link: Link): Guard => {
  const holds = (term: Term): boolean => holdsRole(link, term);
  return {
    elect: ({ role, ttlMs }) =>
      link.call("elect", () => {
        const held = link.data.roles.get(role);
        if (held && held.until > link.now) return { kind: "held" };
        const { data, now } = link;
        // At least the time, so that numbers given before a loss of the counter are not given again.
        data.fence = Math.max(data.fence + 1, now);
        const term = { role, token: link.server.newId<string>(), fence: data.fence };
        data.roles.set(role, { token: term.token, until: now + ttlMs });
        return { kind: "elected", term };
      }),
    extend: ({ term, ttlMs }) =>
      link.call("extend", () => {
        if (!holds(term)) return { kind: "lost" };
        link.data.roles.set(term.role, { token: term.token, until: link.now + ttlMs });
        return { kind: "extended" };
      }),
    resign: ({ term }) =>
      link.call("resign", () => {
        if (holds(term)) link.data.roles.delete(term.role);
      }),
  };
};
