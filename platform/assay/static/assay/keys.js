// Security keys: a form that is sent with one asks the browser for it first, and carries the answer in a hidden field.
(function () {
  "use strict";
  const doc = document;

  function bytes(text) {
    const plain = window.atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, function (letter) { return letter.charCodeAt(0); });
  }

  function text(buffer) {
    const plain = String.fromCharCode.apply(null, new Uint8Array(buffer));
    return window.btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function opened(options) {
    const known = function (key) { return Object.assign({}, key, { id: bytes(key.id) }); };
    options.challenge = bytes(options.challenge);
    if (options.user) options.user.id = bytes(options.user.id);
    if (options.allowCredentials) options.allowCredentials = options.allowCredentials.map(known);
    if (options.excludeCredentials) options.excludeCredentials = options.excludeCredentials.map(known);
    return options;
  }

  function closed(key) {
    const answer = { clientDataJSON: text(key.response.clientDataJSON) };
    if (key.response.attestationObject) {
      answer.attestationObject = text(key.response.attestationObject);
    } else {
      answer.authenticatorData = text(key.response.authenticatorData);
      answer.signature = text(key.response.signature);
      if (key.response.userHandle) answer.userHandle = text(key.response.userHandle);
    }
    return JSON.stringify({ id: key.id, rawId: text(key.rawId), type: key.type, response: answer, clientExtensionResults: {} });
  }

  // the server makes a challenge for this very act; the key signs it
  async function answer(place, form, submitter) {
    const asked = place.dataset.ask ? new FormData() : new FormData(form);
    if (place.dataset.ask) {
      asked.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
      asked.set("subject_sha256", place.dataset.subject || "");
      asked.set("verdict", submitter && submitter.name === "verdict" ? submitter.value : "approve");
    } else {
      // what is chosen stands in the form: the page that takes it makes the challenge, or shows what is wrong with it
      asked.set("asks_key", "1");
      asked.delete("password");
    }
    const response = await window.fetch(place.dataset.ask || form.action, { method: "POST", body: asked });
    if (response.status === 422 && !place.dataset.ask) return null;
    if (!response.ok) throw new Error(String(response.status));
    const options = { publicKey: opened((await response.json()).publicKey) };
    const making = place.dataset.securityKey === "new";
    return closed(await (making ? navigator.credentials.create(options) : navigator.credentials.get(options)));
  }

  function isChosen(place) {
    const chosen = place.querySelector("input[name=method]:checked");
    return !chosen || chosen.value === "webauthn";
  }

  doc.addEventListener("submit", function (event) {
    const form = event.target;
    const submitter = event.submitter;
    if (event.defaultPrevented) return;
    // a new key is asked for last, so that what shows who adds it is asked for first
    const place = Array.from(form.querySelectorAll("[data-security-key]")).find(function (each) {
      return isChosen(each) && !each.dataset.shown && !each.querySelector("input[type=hidden]").value;
    });
    if (!place) return;
    event.preventDefault();
    const failed = place.querySelector("[data-key-error]");
    failed.hidden = true;
    answer(place, form, submitter).then(function (said) {
      if (said === null) {
        place.dataset.shown = "wrong"; // sent as it is, by the same button: the page says what is wrong
        return form.requestSubmit(submitter);
      }
      place.querySelector("input[type=hidden]").value = said;
      return form.requestSubmit(submitter);
    }, function () {
      failed.textContent = place.dataset.refused;
      failed.hidden = false;
    });
  });
})();
