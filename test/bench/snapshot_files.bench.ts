/** The snapshot stack in files: what is left of its cost beside the system's calls. */
import { register } from "./contests/contest.ts";
import { copyOutInFiles } from "./contests/file_first_touches.ts";

for (const requestChunks of [1, 256]) register(copyOutInFiles(requestChunks));
