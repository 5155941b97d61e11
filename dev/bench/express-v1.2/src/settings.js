// Settings from the environment; those of the services have the same names.

const { env } = process;

function required(name) {
  if (!env[name]) throw new Error(`${name} is not set`);
  return env[name];
}

export const settings = {
  // "v1.2" answers before it stores and broadcasts, "v1" afterwards.
  version: env.CHAT_VERSION ?? "v1.2",
  port: Number(env.PORT ?? 3000),
  databaseUrl: required("DATABASE_URL"),
  databasePoolSize: Number(env.DATABASE_POOL_SIZE ?? 20),
  pusher: {
    appId: required("PUSHER_APP_ID"),
    key: required("PUSHER_KEY"),
    secret: required("PUSHER_SECRET"),
    scheme: env.PUSHER_SCHEME ?? "https",
    host: env.PUSHER_HOST ?? "api.pusherapp.com",
    port: env.PUSHER_PORT ?? "443",
  },
  // Concurrent calls to Pusher.
  pusherConnections: Number(env.PUSHER_CONNECTIONS ?? 50),
};

if (!["v1", "v1.2"].includes(settings.version)) throw new Error("CHAT_VERSION must be v1 or v1.2");
