// One SDK, a number of rounds of each of its calls: node send.js segment|rudder URL KEY ROUNDS
const [sdk, url, key, rounds] = process.argv.slice(2);
// The packages stand where npm installed them, which is not beside this file.
const load = (name) => require(require.resolve(name, { paths: [process.cwd()] }));

const calls = (client, end) => {
  for (let n = 0; n < Number(rounds); n++) {
    const userId = `user-${n}`;
    client.identify({ userId, traits: { email: `kim${n}@example.com`, plan: "team" } });
    client.track({ userId, event: "Lead Submitted", properties: { form: "f1", value: n } });
    client.page({ anonymousId: `anon-00${n}`, name: "Home", properties: { url: "http://127.0.0.1/pricing/" } });
    client.screen({ userId, name: "Start" });
    client.group({ userId, groupId: `group-${n}`, traits: { seats: 3 } });
    client.alias({ previousId: `anon-00${n}`, userId });
  }
  end();
};

if (sdk === "segment") {
  const { Analytics } = load("@segment/analytics-node");
  const client = new Analytics({ writeKey: key, host: url, flushAt: 15, maxRetries: 0 });
  client.on("error", (error) => { console.error(error); process.exitCode = 1; });
  calls(client, () => client.closeAndFlush());
} else {
  const loaded = load("@rudderstack/rudder-sdk-node");
  const Rudder = loaded.default || loaded;
  const client = new Rudder(key, { dataPlaneUrl: url, flushAt: 15, errorHandler: (error) => { console.error(error); process.exitCode = 1; } });
  calls(client, () => client.flush());
}
