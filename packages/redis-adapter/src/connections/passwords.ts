/** Passwords that rotate: a function is asked again before each connection. */
import type { Redis } from "ioredis";
import type { ResolvedRedisOptions } from "../options.ts";

/** The password to begin with. Rejects as the function does. */
export const firstPassword = async (options: ResolvedRedisOptions): Promise<string | undefined> => {
  const given = "client" in options ? undefined : options.password;
  return typeof given === "function" ? given() : given;
};

/** Asks for the password anew whenever the connection closed; the next attempts use the answer. */
export const rotatePassword = (redis: Redis, options: ResolvedRedisOptions): void => {
  const given = "client" in options ? undefined : options.password;
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
