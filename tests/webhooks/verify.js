// Reads lines of {"secret", "headers", "body"} and writes for each whether the payload is verified.
"use strict";
const readline = require("node:readline");
const { Webhook } = require("standardwebhooks");

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { secret, headers, body } = JSON.parse(line);
  let verdict = "verified";
  try {
    new Webhook(secret).verify(body, headers);
  } catch (error) {
    verdict = error.message;
  }
  console.log(verdict);
});
