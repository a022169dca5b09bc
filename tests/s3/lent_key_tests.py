"""okibi and those who lend it keys, which expire, fail, or are not there."""
import hashlib
import json

import credential_servers
from fault_tests import SIZE, Faulty
from gateway_tests import made_bytes
from program import Program


class LentKeys(Faulty):
    """Keys that expire in the middle of transfers, from each who lends."""

    def lender(self, **environment):
        okibi = Program(self.program, self.place, self.options, AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None, **environment)
        okibi.secrets += ["lent-secret-", "lent-token-", credential_servers.SSO_TOKEN, credential_servers.CONTAINER_TOKEN,
                          credential_servers.WEB_IDENTITY_TOKEN, "machine-token-"]
        return okibi

    def profiles(self):
        return self.file("config", (
            "[profile base]\naws_access_key_id = faultkey\naws_secret_access_key = fault/secret+key\n"
            f"[profile assumes]\nrole_arn = {credential_servers.ROLE_ARN}\nsource_profile = base\nexternal_id = the tests\n"
            "[profile signed-on]\nsso_session = tests\nsso_account_id = 123456789012\nsso_role_name = checkpoints\n"
            "[sso-session tests]\nsso_region = us-east-1\nsso_start_url = https://tests.example/start\n").encode())

    def home(self):
        """With what `aws sso login` leaves there."""
        cache = self.folder / "home" / ".aws" / "sso" / "cache"
        cache.mkdir(parents=True, exist_ok=True)
        (cache / f"{hashlib.sha1(b'tests').hexdigest()}.json").write_text(json.dumps({
            "accessToken": credential_servers.SSO_TOKEN, "expiresAt": "2099-01-01T00:00:00Z", "region": "us-east-1",
            "startUrl": "https://tests.example/start"}))
        return cache.parents[2]

    def lenders(self):
        at, role, config = self.place.lenders, credential_servers.ROLE_ARN, str(self.profiles())
        web_token = self.file("web-token", credential_servers.WEB_IDENTITY_TOKEN.encode())
        return {
            "container": self.lender(AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{at}/container/x",
                                     AWS_CONTAINER_AUTHORIZATION_TOKEN=credential_servers.CONTAINER_TOKEN),
            "machine": self.lender(AWS_EC2_METADATA_SERVICE_ENDPOINT=at, AWS_EC2_METADATA_DISABLED=None),
            "web identity": self.lender(AWS_WEB_IDENTITY_TOKEN_FILE=str(web_token), AWS_ROLE_ARN=role, AWS_ENDPOINT_URL_STS=at),
            "role of a profile": self.lender(AWS_CONFIG_FILE=config, AWS_PROFILE="assumes", AWS_ENDPOINT_URL_STS=at),
            "single sign-on": self.lender(AWS_CONFIG_FILE=config, AWS_PROFILE="signed-on", AWS_ENDPOINT_URL_SSO=at,
                                          HOME=str(self.home())),
        }

    def test_each_link_of_the_chain_lends_a_key(self):
        self.store.put("ckpt", "a", b"text")
        for name, okibi in self.lenders().items():
            with self.subTest(name):
                self.clear_log()
                self.came_back("get", "a", b"text", okibi)
                self.assertTrue(all(entry["signed_by"].startswith("ASIALENT") for entry in self.log("GetObject")))

    def test_keys_are_refreshed_in_the_middle_of_a_transfer(self):
        # They last for one second. Their borrower is told so (with the five minutes before the end at which okibi asks
        # anew), or learns it from the store alone.
        body = made_bytes(3 * SIZE, 1)
        self.file("body", body)
        for told in (301, 3600):
            for name, okibi in self.lenders().items():
                with self.subTest(f"{name}, told {told} s"):
                    self.setUp()
                    self.store.control("settings", {"lifetime": 1, "told_lifetime": told})
                    self.faults({"op": ["UploadPart", "GetObject"], "do": "stall", "seconds": 0.25, "times": -1})
                    slowly = okibi.with_options("--concurrency", 2)
                    slowly("stream", "s3://ckpt/a", self.folder / "body")
                    self.assertEqual(self.store.get("ckpt", "a"), body)
                    self.came_back("fetch", "a", body, slowly)
                    self.assertGreater(self.store.control("state")["lent"], 2)

    def test_a_key_that_expired_and_cannot_be_renewed_is_an_error(self):
        okibi = self.lenders()["container"]
        self.store.control("settings", {"lifetime": -1, "told_lifetime": 3600})
        self.assertIn("ExpiredToken", okibi.fails("get", "s3://ckpt/a", self.folder / "back"))

    def test_lenders_that_fail_for_a_moment(self):
        self.store.put("ckpt", "a", b"text")
        # That there is a machine is asked once only: most machines are none.
        for name, operation in (("container", "Container"), ("machine", "Machine"),
                                ("web identity", "AssumeRoleWithWebIdentity"), ("role of a profile", "AssumeRole"),
                                ("single sign-on", "Portal")):
            for fault in ({"do": "500"}, {"do": "reset"}):
                with self.subTest(f"{operation}: {fault}"):
                    self.faults({"op": operation} | fault)
                    self.came_back("get", "a", b"text", self.lenders()[name])

    def test_a_process_that_lends(self):
        script = self.file("lends.sh", b'echo \'{"Version": 1, "AccessKeyId": "faultkey", "SecretAccessKey": "fault/secret+key"}\'\n')
        config = self.file("process-config", f"[profile lends]\ncredential_process = sh {script}\n".encode())
        self.store.put("ckpt", "a", b"text")
        self.came_back("get", "a", b"text", self.lender(AWS_CONFIG_FILE=str(config), AWS_PROFILE="lends"))

    def test_no_key_at_all_says_how_to_give_one(self):
        said = self.lender(HOME=str(self.folder / "nobody")).fails("get", "s3://ckpt/a", self.folder / "back")
        self.assertIn("AWS_ACCESS_KEY_ID", said)
