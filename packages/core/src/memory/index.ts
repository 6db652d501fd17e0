export { memoryBackend } from "./backend.ts";
export { MemoryServer, type Snapshot } from "./server.ts";
