/** `deno task install` makes a command that works in any folder, without the network. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Folder, taskPermissions } from "./session.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** No package can be fetched: nobody is behind this door. */
const NOBODY = "http://127.0.0.1:9/";
const OFFLINE = {
  ...{ HTTP_PROXY: NOBODY, HTTPS_PROXY: NOBODY, NO_PROXY: "" },
  ...{ http_proxy: NOBODY, https_proxy: NOBODY, no_proxy: "" },
};

test("what is installed does what the task does, from any folder, offline", () => {
  const folder = new Folder("disk");
  const root = folder.path("installed");
  const run = (program: string, words: readonly string[], cwd: string) => {
    const env = { ...process.env, ...OFFLINE, DENO_INSTALL_ROOT: root, NO_COLOR: "1" };
    const path = `${process.execPath.replace(/\/[^/]*$/, "")}:${process.env.PATH}`;
    const child = spawnSync(program, words, { cwd, env: { ...env, PATH: path }, encoding: "utf8" });
    return { code: child.status, out: child.stdout, err: child.stderr };
  };
  expect(run(process.execPath, ["task", "-q", "install"], ROOT)).toMatchObject({ code: 0 });
  const program = `${root}/bin/cowdisk`;
  const there = folder.path("");
  const [made, hashed] = [["create", "disk.img", "1M"], ["hash", "disk.img"]].map((words) =>
    run(program, words, there)
  );
  expect(made).toEqual({ code: 0, out: "disk.img: 1 MiB of zeroes\n", err: "" });
  expect(hashed).toMatchObject({ code: 0, err: "" });
  expect(folder.read("disk.img").length).toBe(2 ** 20);
  expect(run(program, ["frobnicate"], there)).toMatchObject({ code: 2, out: "" });
});

test("what is installed may do what the task may do, and no more", () => {
  const { tasks } = JSON.parse(readFileSync(`${ROOT}/deno.json`, "utf8"));
  const words: string[] = tasks.install.command.split(" ");
  const permissions = words.filter((word) => /^-[A-Z]/.test(word));
  expect(permissions).toEqual(taskPermissions().filter((word) => word !== "-q"));
});
