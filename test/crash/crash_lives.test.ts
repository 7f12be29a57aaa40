/**
 * The power is cut at every step of workloads that are about how snapshots live together, and end.
 */
import { testCrashes } from "./ordinary_run.ts";
import { LIFE_WORKLOADS } from "./workloads/all.ts";

const workloads = LIFE_WORKLOADS.map((workload) => ({ law: workload.law, of: () => workload }));
testCrashes("snapshots together", workloads, 1_200);
