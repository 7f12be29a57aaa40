/**
 * An NBD server without sockets: what a client says in, what it is told out.
 *
 * This module is browser compatible.
 *
 * @module
 */

export { NbdConnection, type NbdConnectionOptions } from "./connection.ts";
export type { TlsPolicy } from "./handshake/handshake.ts";
export type { NbdExport } from "./export.ts";
export { Traffic } from "./traffic.ts";
export type { MetaContext, StatusExtent } from "./meta_context.ts";
