import assert from "node:assert/strict";
import test from "node:test";
import { load } from "./load.mjs";

const { knowsPast, showsPast } = await load("past.ts");

test("what is read of the past takes a time, what is written or only of now does not", () => {
  for (const path of ["/inventory", "/inventory/tree", "/cliques/x/graph", "/search", "/path/graph", "/drift", "/spof"])
    assert.equal(knowsPast(path), true, path);
  for (const path of ["/drift/mutes", "/drift/runs", "/events", "/monitoring/statuses", "/overview", "/scans", "/diff"])
    assert.equal(knowsPast(path), false, path);
});

test("a time goes along to pages of the past, and to no others", () => {
  assert.equal(showsPast("object"), true);
  assert.equal(showsPast(undefined), true); // the start page is the search
  for (const page of ["scans", "events", "monitoring", "admin", "changes"]) assert.equal(showsPast(page), false);
});
