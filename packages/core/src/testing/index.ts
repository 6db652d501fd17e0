/** Entry "@muster/core/testing": what a backend's author and a simulation need. */
export * from "./conformance/index.ts";
