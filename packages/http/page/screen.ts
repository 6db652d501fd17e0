/** Decides what the page shows as a whole, from what is known and what went wrong last. Pure. */
import type { ClusterStatus } from "@muster/core";
import type { Failure } from "./api.ts";
import { duration } from "./words.ts";

export interface ScreenFacts {
  readonly status: ClusterStatus | undefined;
  readonly failure: Failure | undefined;
  /** Since the last answer, in milliseconds. */
  readonly silentMs: number;
  /** How old what the answers tell is, in milliseconds. */
  readonly ageMs: number;
  readonly signIn: SignInState;
}

export interface Notice {
  readonly title: string;
  readonly text: string;
}

export type Screen =
  | { readonly kind: "loading" }
  | { readonly kind: "token"; readonly notice: Notice }
  | { readonly kind: "closed"; readonly notice: Notice }
  | { readonly kind: "data"; readonly notice: Notice | undefined; readonly old: boolean };

const again = "The page goes on asking and heals by itself.";

/** Why nobody is signed in. */
export type SignInState = "asked" | "wrong" | "ended" | "elsewhere";

const signInNotices: Readonly<Record<SignInState, Notice>> = {
  asked: {
    title: "Sign in",
    text: "This node answers to callers with a token. It is shown once; the browser then keeps a session that no script can read.",
  },
  wrong: {
    title: "This token is not known here",
    text: "It was mistyped, or taken back. Every cluster knows tokens of its own.",
  },
  ended: {
    title: "Your session has ended",
    text: "Its time is over, or its token was taken back. Sign in again.",
  },
  elsewhere: {
    title: "Sign in at the server around this page",
    text: "It knows its users in its own way, and takes no token here. Reload this page when you are signed in there.",
  },
};

const closedScreen = (failure: Failure): Screen => {
  if (failure.kind === "silent") {
    return {
      kind: "closed",
      notice: {
        title: "This node does not answer",
        text: `Its process may be down or unreachable from here. ${again}`,
      },
    };
  }
  const { detail, hint } = failure.problem;
  return {
    kind: "closed",
    notice: { title: "This node refuses to answer", text: hint ? `${detail} ${hint}` : detail },
  };
};

const dataNotice = ({ status, failure, silentMs, ageMs }: ScreenFacts): Notice | undefined => {
  if (failure?.kind === "silent") {
    return {
      title: "This node does not answer",
      text: `What you see was true ${duration(silentMs)} ago. ${again}`,
    };
  }
  if (failure) {
    return { title: "The last question was refused", text: `${failure.problem.detail} ${again}` };
  }
  if (!status?.stale) return undefined;
  const { redis, nodeId } = status;
  if (redis.state === "connected") {
    return {
      title: "This may be out of date",
      text: `${nodeId} is reading the data anew. What you see was true ${duration(ageMs)} ago.`,
    };
  }
  return {
    title: `${nodeId} cannot reach ${redis.mode === "memory" ? "its data" : "Redis"}`,
    text: `What you see was true ${duration(ageMs)} ago. Apps go on running; changes are refused until it is back. ${again}`,
  };
};

/** Data once seen stays on the page, marked as old, unless the page may not see it any more. */
export const decideScreen = (facts: ScreenFacts): Screen => {
  const { status, failure, signIn } = facts;
  if (failure?.kind === "problem") {
    const { status: httpStatus } = failure.problem;
    if (httpStatus === 401) return { kind: "token", notice: signInNotices[signIn] };
    if (httpStatus === 403) return closedScreen(failure);
  }
  if (!status) return failure ? closedScreen(failure) : { kind: "loading" };
  const notice = dataNotice(facts);
  return { kind: "data", notice, old: notice !== undefined };
};
