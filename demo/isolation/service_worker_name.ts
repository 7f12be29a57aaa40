/** The script of the page's service worker, beside the page: its folder is the worker's scope. */
export const SERVICE_WORKER = "service_worker.js";
