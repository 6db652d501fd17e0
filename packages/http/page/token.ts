/** The token of this tab: in memory and, where the browser lets it, in the tab's session storage. */

export interface TokenStore {
  get(): string | undefined;
  set(token: string | undefined): void;
}

/** Tells whether a text can be sent as a token at all. */
export const isTokenText = (text: string): boolean => /^[\x21-\x7e]{1,512}$/.test(text);

const name = "muster-token";

export const createTokenStore = (storage: () => Storage): TokenStore => {
  let token: string | undefined;
  const attempt = <T>(work: (store: Storage) => T): T | undefined => {
    try {
      return work(storage());
    } catch {
      return undefined;
    }
  };
  token = attempt((store) => store.getItem(name)) ?? undefined;
  return {
    get: () => token,
    set: (next) => {
      token = next;
      attempt((store) => (next === undefined ? store.removeItem(name) : store.setItem(name, next)));
    },
  };
};
