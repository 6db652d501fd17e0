/** The form that takes the token, and the button that signs out. */
import type { Failure } from "./api.ts";
import { byId } from "./dom.ts";
import type { SignIn } from "./sign-in.ts";

export interface SignInListener {
  /** Nothing is known of the token. */
  failed(failure: Failure): void;
  /** Somebody came in or left. */
  changed(): void;
  /** The token is not taken here. */
  refused(): void;
}

export const listenToSignIn = (
  signIn: SignIn,
  { failed, changed, refused }: SignInListener,
): void => {
  const input = byId<HTMLInputElement>("token-input");
  const button = byId<HTMLButtonElement>("sign-in");
  const open = async (token: string): Promise<void> => {
    button.disabled = true;
    const failure = await signIn.open(token);
    button.disabled = false;
    if (failure) failed(failure);
    else if (signIn.state === "asked") changed();
    else {
      refused();
      input.focus();
    }
  };
  byId("token-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const token = input.value.trim();
    if (token === "" || button.disabled) return;
    input.value = "";
    void open(token);
  });
  byId("sign-out").addEventListener("click", () => void signIn.close().then(changed));
};
