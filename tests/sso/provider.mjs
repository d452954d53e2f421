// A real OpenID provider for the tests, on a free port of this machine: node provider.mjs REDIRECT_URI
// Whoever logs in is who they say; the e-mail, its confirmation and the groups are written into the login:
// "ann@example.org confirmed staff,net" or "ann@example.org unconfirmed".
import { createServer } from "node:http";
import Provider from "oidc-provider";

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: "desk", client_secret: "a-secret-of-the-tests", redirect_uris: [process.argv[2]] }],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
    scopes: ["openid", "email", "profile", "groups"],
    pkce: { required: () => true },
    conformIdTokenClaims: false,
    async findAccount(context, id) {
      const [email, confirmed, groups = ""] = id.split(" ");
      return {
        accountId: id,
        claims: () => ({
          sub: id.split(" ")[0], email, email_verified: confirmed === "confirmed",
          name: "Ann of the provider", groups: groups.split(",").filter(Boolean),
        }),
      };
    },
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
