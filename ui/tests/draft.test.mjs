import assert from "node:assert/strict";
import test from "node:test";
import { load } from "./load.mjs";

const { changed, draftOf, MASK, section, sent } = await load("pages/admin/draft.ts");

const field = (name, kind, more = {}) => ({
  name, kind, about: "", required: false, common: true, default: "", choices: [], ...more,
});
const FORM = {
  name: "CLI",
  about: "",
  needed: true,
  tested: true,
  fields: [
    field("host", "text"),
    field("port", "number", { default: 22 }),
    field("pwd", "secret"),
    field("sudo", "boolean", { default: true }),
    field("direct", "boolean", { default: false }),
    field("hosts", "json"),
  ],
};
const STORED = { name: "CLI", host: "192.0.2.1", port: 22, pwd: MASK, hosts: { a: { port: 2 } } };

test("a stored environment is shown without its secrets", () => {
  assert.deepEqual(draftOf({ name: "x", configuration: [STORED] }, [FORM]), {
    CLI: { host: "192.0.2.1", port: "22", hosts: '{"a":{"port":2}}' },
  });
});

test("what was not changed is not sent, and a secret that was left empty stays", () => {
  const draft = draftOf({ name: "x", configuration: [STORED] }, [FORM]).CLI;
  assert.equal(changed(FORM, STORED, draft), null);
  assert.deepEqual(changed(FORM, STORED, { ...draft, port: "2222", pwd: "new" }), {
    name: "CLI", port: 2222, pwd: "new",
  });
});

test("a field that was emptied is taken away, and a tick that is the default is no change", () => {
  const draft = draftOf({ name: "x", configuration: [STORED] }, [FORM]).CLI;
  assert.deepEqual(changed(FORM, STORED, { ...draft, hosts: "", direct: false }), {
    name: "CLI", hosts: null,
  });
});

test("a whole section has what was filled in, with the kinds of its fields", () => {
  assert.deepEqual(section(FORM, { host: " h ", port: "22", sudo: false, direct: false, hosts: "{}" }), {
    name: "CLI", host: "h", port: 22, sudo: false, hosts: {},
  });
  assert.equal(sent(FORM.fields[1], "many"), "many"); // the API says what is wrong with it
  assert.throws(() => sent(FORM.fields[5], "{"), SyntaxError);
});
