export { examineRedis } from "./examine-redis.ts";
export { defaultRedisOptions, type RedisBackendOptions } from "./options.ts";
export { redisBackend } from "./redis-backend.ts";
