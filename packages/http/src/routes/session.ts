/** Who is calling; and sessions, for browsers: they show their token once. */
import type { BrowserSessions } from "../auth.ts";
import { defined } from "../defined.ts";
import { HttpProblem } from "../problem.ts";
import { type Door, defineRoute, type Route } from "../route.ts";
import { caller, signedIn, signedOut, signIn } from "../schemas/session.ts";

const instantOf = (ms: number): string => new Date(ms).toISOString();

/** @throws HttpProblem `ROUTE_NOT_FOUND` where callers are known in another way */
const sessionsOf = ({ sessions }: Door): BrowserSessions => {
  if (sessions) return sessions;
  throw new HttpProblem("ROUTE_NOT_FOUND", "This mount opens no sessions of its own.", {
    hint: "The server around it knows its callers, or everybody on this machine may call.",
  });
};

const withToken = ({ url, headers }: Request, token: string): Request => {
  const shown = new Headers(headers);
  shown.set("authorization", `Bearer ${token}`);
  return new Request(url, { headers: shown });
};

export const sessionRoutes: readonly Route[] = [
  defineRoute({
    method: "get",
    path: "/v1/session",
    tag: "Callers",
    summary: "Who is calling, and what this mount lets it do",
    role: "viewer",
    answer: caller,
    handle: ({ principal: { name, role, tenant, grants }, door }) => {
      const session = door.sessions?.of(door.request);
      return {
        body: defined({
          name,
          role,
          tenant,
          grants,
          readOnly: door.readOnly,
          expiresAt: session && instantOf(session.expiresAt),
          sessions: door.sessions !== undefined,
        }),
      };
    },
  }),
  defineRoute({
    method: "post",
    path: "/v1/session",
    tag: "Callers",
    summary: "Signs a browser in by a token, in the body or as bearer",
    role: "public",
    ofCaller: true,
    body: signIn,
    bodyOptional: true,
    answer: signedIn,
    status: 201,
    errors: ["UNAUTHENTICATED", "TOO_MANY_REQUESTS", "ROUTE_NOT_FOUND"],
    handle: ({ door, body: { token } }) => {
      const shown = token === undefined ? door.request : withToken(door.request, token);
      const { session, cookie } = sessionsOf(door).begin(shown, door.peer);
      const { name, role } = session.principal;
      return {
        status: 201,
        body: { name, role, expiresAt: instantOf(session.expiresAt) },
        headers: { "set-cookie": cookie },
      };
    },
  }),
  defineRoute({
    method: "delete",
    path: "/v1/session",
    tag: "Callers",
    summary: "Signs a browser out",
    role: "public",
    ofCaller: true,
    answer: signedOut,
    errors: ["ROUTE_NOT_FOUND"],
    handle: ({ door }) => {
      const sessions = sessionsOf(door);
      return {
        body: { ended: sessions.of(door.request) !== undefined },
        headers: { "set-cookie": sessions.end(door.request) },
      };
    },
  }),
];
