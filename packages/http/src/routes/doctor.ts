/** Is everything there that a node needs, and what is to be done where it is not? */
import type { DoctorReport, Precondition } from "@muster/core";
import { requireRole } from "../role.ts";
import { type Door, defineRoute, type Route } from "../route.ts";
import { doctorQuery, doctorReport } from "../schemas/doctor.ts";
import { supportBundle } from "../support-bundle.ts";

const title = "Who may use the HTTP API";

const judgeAuth = ({ auth, allowPublic }: Door): Precondition => {
  if (auth !== "none") {
    const message = auth === "tokens" ? "Callers show a token." : "The server's own check decides.";
    return { id: "http-auth", title, state: "ok", message, remedy: null };
  }
  return allowPublic
    ? {
        id: "http-auth",
        title,
        state: "bad",
        message: "Anybody who reaches this mount may change everything.",
        remedy: "Give createHttp auth: tokens([…]), or take allowPublic away.",
      }
    : {
        id: "http-auth",
        title,
        state: "warn",
        message: "Every program on this machine may change everything; others are refused.",
        remedy: "Give createHttp auth: tokens([…]) where several people use the machine.",
      };
};

const withAuth = (report: DoctorReport, door: Door): DoctorReport => {
  const checks = [...report.checks, judgeAuth(door)];
  return { ...report, checks, well: checks.every(({ state }) => state !== "bad") };
};

export const doctorRoute: Route = defineRoute({
  method: "get",
  path: "/v1/doctor",
  tag: "Cluster",
  summary: "Every precondition of this node, each with what to do",
  role: "viewer",
  query: doctorQuery,
  answer: doctorReport,
  handle: async ({ muster, principal, query, door }) => {
    // The bundle is a good deal more to read, and for others to see.
    if (query.bundle) requireRole(principal, { ...doctorRoute, role: "operator" });
    const report = withAuth(await muster.doctor(), door);
    return {
      body: query.bundle ? { ...report, bundle: await supportBundle(muster, report) } : report,
    };
  },
});
