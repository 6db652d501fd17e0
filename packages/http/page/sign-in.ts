/** Signing in and out: the token is shown once, and the browser keeps the session. */
import type { Api, Failure } from "./api.ts";
import type { SignInState } from "./screen.ts";

export interface SignIn {
  readonly state: SignInState;
  /**
   * A token to send along. Only where the page came over plain http from another machine: there
   * browsers do not tell where a change comes from, so a session alone may read only. It is kept in
   * memory, and gone with the page.
   */
  readonly bearer: string | undefined;
  /** Answers what went wrong, where that is not about the token. */
  open(token: string): Promise<Failure | undefined>;
  close(): Promise<void>;
  /** The caller turned out not to be known. */
  lost(): void;
}

/** Tells whether a text can be a token at all. */
export const isTokenText = (text: string): boolean => /^[\x21-\x7e]{1,512}$/.test(text);

export const createSignIn = (
  api: () => Api,
  { isSecure }: { readonly isSecure: boolean },
): SignIn => {
  let state: SignInState = "asked";
  let bearer: string | undefined;
  let wasKnown = false;
  return {
    get state() {
      return state;
    },
    get bearer() {
      return bearer;
    },
    open: async (token) => {
      bearer = undefined;
      if (!isTokenText(token)) {
        state = "wrong";
        return undefined;
      }
      const answer = await api().change({ method: "POST", path: "v1/session", body: { token } });
      if (answer.kind === "value") {
        state = "asked";
        wasKnown = true;
        if (!isSecure) bearer = token;
        return undefined;
      }
      const status = answer.kind === "problem" ? answer.problem.status : undefined;
      if (status === 401) state = "wrong";
      else if (status === 404) state = "elsewhere";
      else return answer;
      return undefined;
    },
    close: async () => {
      await api().change({ method: "DELETE", path: "v1/session" });
      bearer = undefined;
      wasKnown = false;
      state = "asked";
    },
    lost: () => {
      bearer = undefined;
      if (wasKnown) state = "ended";
      wasKnown = false;
    },
  };
};
