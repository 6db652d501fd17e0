/** Passwords that rotate: a function is asked again before each connection. */
import type { Redis } from "ioredis";
import type { Password, ResolvedRedisOptions } from "../options.ts";

/** The password for the servers that hold the data. */
export const passwordOf = (options: ResolvedRedisOptions): Password | undefined =>
  "client" in options ? undefined : options.password;

/** The password to begin with. Rejects as the function does. */
export const firstPassword = async (given: Password | undefined): Promise<string | undefined> =>
  typeof given === "function" ? given() : given;

/** Asks for the password anew whenever the connection closed; the next attempts use the answer. */
export const rotatePassword = (redis: Redis, given: Password | undefined): void => {
  if (typeof given !== "function") return;
  redis.on("close", () => {
    given().then(
      (password) => {
        redis.options.password = password;
      },
      (error: unknown) => redis.emit("error", error),
    );
  });
};
