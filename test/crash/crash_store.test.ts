/**
 * The power is cut at every step of workloads that are about one snapshot and its store.
 */
import { testCrashes } from "./ordinary_run.ts";
import { STORE_WORKLOADS } from "./workloads/all.ts";

const workloads = STORE_WORKLOADS.map((workload) => ({ law: workload.law, of: () => workload }));
testCrashes("one snapshot and its store", workloads, 1_200);
