"""textback.toml: where it is found, what it means, what is wrong with it, and that no secret gets out."""

from __future__ import annotations

import getpass
import re
from ipaddress import ip_network
from pathlib import Path

import pytest

from textback import config
from textback.config import Address, Config, ConfigError
from textback.practice.telling import Ways

DATA = Path(__file__).parent / "data"
SECRETS = {
    "session-secret": "page-hunter2",
    "ami-secret": "ami-hunter2",
    "esl-password": "esl-hunter2",
    "twilio-token": "sms-hunter2",
}
MAIL, SENT = "[mail]\nhost = 'smtp.example.org'\n", "from = 'a@b.example'\n"
PBX = '[[pbx]]\nname = "main"\nkind = "asterisk"\nusername = "textback"\nsecret = "hunter2"\ntrunks = ["PJSIP/t-*"]\n'


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The example file with its secrets beside it."""
    for name, secret in SECRETS.items():
        (tmp_path / name).write_text(secret + "\n", "utf-8")
    path = tmp_path / "textback.toml"
    path.write_text((DATA / "textback.toml").read_text("utf-8").replace("/etc/textback/", ""), "utf-8")
    return path


def load(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "some.toml"
    path.write_text(text, "utf-8")
    return config.load(path)


def mistakes(tmp_path: Path, text: str) -> dict[str, str]:
    """What loading says about each key."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert "hunter2" not in str(caught.value)
    return {one.key: f"found {one.found}, expected {one.expected}" for one in caught.value.mistakes}


def test_the_example_means_what_it_says(example: Path) -> None:
    read = config.load(example)
    assert read.database.url == "sqlite:////var/lib/textback/textback.db"
    assert read.http.listen == Address("127.0.0.1", 8080)
    assert read.webhooks is not None and read.webhooks.public_url == "https://text.example.org"
    assert read.agi is not None and read.agi.listen == ("127.0.0.1", 4573)
    asterisk, freeswitch = read.pbx
    assert (asterisk.name, asterisk.kind, asterisk.port, asterisk.username) == (
        "main",
        "asterisk",
        5038,
        "textback",
    )
    assert asterisk.secret.get_secret_value() == "ami-hunter2"
    assert (asterisk.trunks, asterisk.inbound_contexts) == (("PJSIP/trunk-*",), ("from-trunk", "from-pstn"))
    assert (asterisk.queue_log, asterisk.cdr) == (
        "/var/log/asterisk/queue_log",
        "/var/log/asterisk/cdr-csv/Master.csv",
    )
    assert (freeswitch.kind, freeswitch.port, freeswitch.language, freeswitch.tls) == (
        "freeswitch",
        8021,
        "en",
        False,
    )
    assert read.sms.twilio is not None
    assert read.sms.twilio.auth_token.get_secret_value() == "sms-hunter2"
    assert (read.sms.provider, read.sms.rate, read.sms.twilio.timeout) == ("twilio", 1.0, 15.0)
    assert (read.log.level, read.log.format, read.log.log_numbers) == ("info", "text", False)


def test_no_secret_is_in_what_is_printed_of_a_configuration(example: Path) -> None:
    example.write_text(
        example.read_text("utf-8")
        .replace(
            "sqlite:////var/lib/textback/textback.db", "postgresql+psycopg://textback:db-hunter2@db/textback"
        )
        .replace("/var/log/asterisk/cdr-csv/Master.csv", "mysql://cdr:cdr-hunter2@db/cdr"),
        "utf-8",
    )
    read = config.load(example)
    assert "db-hunter2" in read.database.url and "cdr-hunter2" in str(read.pbx[0].cdr)
    assert "hunter2" not in f"{read!r} {read} {read.database!r} {read.pbx[0]}"


def test_the_stories_file_is_read() -> None:
    read = config.load(DATA / "stories_textback.toml")
    assert [(pbx.name, pbx.kind) for pbx in read.pbx] == [
        ("asterisk", "asterisk"),
        ("freeswitch", "freeswitch"),
    ]
    assert (read.http.listen.port, read.agi, read.esl, read.sms.provider) == (0, None, None, "console")


def test_an_empty_file_means_the_defaults(tmp_path: Path) -> None:
    read = load(tmp_path, "")
    assert read.database.url == "sqlite:///textback.db"
    assert (read.sms.provider, read.sms.rate, read.sms.per_day, read.sms.inbound) == (
        "console",
        1.0,
        0,
        "webhook",
    )
    assert (read.pbx, read.webhooks, read.agi, read.esl) == ((), None, None, None)


def test_the_port_of_a_pbx_is_that_of_its_kind(tmp_path: Path) -> None:
    assert load(tmp_path, PBX).pbx[0].port == 5038
    assert load(tmp_path, PBX.replace('"asterisk"', '"freeswitch"')).pbx[0].port == 8021


def test_the_records_of_a_freeswitch_are_a_folder_or_a_database_and_no_queue_log(tmp_path: Path) -> None:
    text, url = PBX.replace('"asterisk"', '"freeswitch"'), "postgresql://fs:hunter2@127.0.0.1/fusionpbx"
    (tmp_path / "json_cdr").mkdir()
    assert load(tmp_path, text + 'cdr = "json_cdr"\n').pbx[0].cdr == str(tmp_path / "json_cdr")
    assert load(tmp_path, f'{text}cdr = "{url}"\n').pbx[0].cdr == url
    assert mistakes(tmp_path, text + 'queue_log = "queue_log"\n').keys() == {"pbx[0].queue_log"}


@pytest.mark.parametrize(("language", "is_one"), [("en_US", True), ("es-MX", True), ("english", False)])
def test_channels_may_have_a_language_as_the_pbx_writes_it(tmp_path: Path, language: str, is_one: bool) -> None:
    text = f'{PBX}language = "{language}"\n'
    if is_one:
        assert load(tmp_path, text).pbx[0].language == language
    else:
        assert "pbx[0].language" in mistakes(tmp_path, text)


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    assert load(tmp_path, "\ufeff" + PBX).pbx[0].name == "main"


def test_files_that_it_names_are_looked_for_beside_it(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("-", "utf-8")
    more = 'tls_ca = "ca.pem"\nqueue_log = "queue_log"\ncdr = "sqlite:///cdr.db"\n'
    [pbx] = load(tmp_path, PBX + more).pbx
    assert (pbx.tls_ca, pbx.queue_log, pbx.cdr) == (
        str(tmp_path / "ca.pem"),
        str(tmp_path / "queue_log"),
        "sqlite:///cdr.db",
    )


@pytest.mark.parametrize("listen", ["127.0.0.1:4573", "127.9.9.9:1", "[::1]:4573", "localhost:4573"])
def test_a_listener_on_loopback_needs_no_list_of_callers(tmp_path: Path, listen: str) -> None:
    assert load(tmp_path, f'[agi]\nlisten = "{listen}"\n').agi is not None


@pytest.mark.parametrize("listen", ["0.0.0.0:4573", "[::]:4573", "10.1.2.3:4573", "pbx.example.org:4573"])
@pytest.mark.parametrize("section", ["agi", "esl"])
def test_a_listener_beyond_loopback_must_name_its_callers(tmp_path: Path, section: str, listen: str) -> None:
    text = f'[{section}]\nlisten = "{listen}"\n'
    assert list(mistakes(tmp_path, text)) == [f"{section}.allow"]
    read = load(tmp_path, text + 'allow = ["10.1.0.0/16", "10.2.3.4"]\n')
    listener = read.agi or read.esl
    assert listener is not None and listener.allow == (ip_network("10.1.0.0/16"), ip_network("10.2.3.4/32"))


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("[databse]\n", "databse", "an unknown key, expected database"),
        ("[http]\nlissen = 1\n", "http.lissen", "an unknown key, expected listen"),
        (
            "[sms.twilio]\nfrom = '+1'\n",
            "sms.twilio.from",
            "one of account_sid, auth_token, api_base, timeout",
        ),
        (PBX + "tunks = []\n", "pbx[0].tunks", "an unknown key, expected trunks"),
        ("http = 8080\n", "http", "found 8080, expected a table"),
        ("pbx = 'main'\n", "pbx", 'found "main", expected a list'),
        (
            "[database]\nurl = 'oracle://u:hunter2@h/db'\n",
            "database.url",
            'found "oracle://u:•••@h/db", expected a URL',
        ),
        (
            "[database]\nurl = 'textback.db'\n",
            "database.url",
            "sqlite://, postgresql://, mysql://, mariadb://",
        ),
        ("[http]\nlisten = '8080'\n", "http.listen", 'found "8080", expected a host and a port such as'),
        ("[http]\nlisten = 'h:99999'\n", "http.listen", "a host and a port"),
        ("[http]\nlisten = 8080\n", "http.listen", "a host and a port"),
        ("[http]\nlisten = 'u@h:1'\n", "http.listen", "a host and a port"),
        ("[http]\npublic_url = 'text.example.org'\n", "http.public_url", "https://"),
        ("[http]\nsecret = 5\n", "http.secret", "found something that is not shown, expected text in quotes"),
        ("[http]\nsecret = ''\n", "http.secret", "something that is not shown"),
        ("[http]\nsecret = 'hunter2'\nsecret_file = 'x'\n", "http.secret_file", 'found "secret" as well'),
        ("[http]\nsecret_file = 'nope'\n", "http.secret_file", 'found "nope": no such file'),
        ("[http]\nsecret_file = 5\n", "http.secret_file", "found 5, expected the path of a file"),
        ("[http]\nsecret_file = '.'\n", "http.secret_file", f"a file that the user {getpass.getuser()} can read"),
        ("[agi]\nallow = ['10.0.0.0/33']\n", "agi.allow[0]", "an address or network"),
        ("[webhooks]\nlisten = '127.0.0.1:8080'\n", "webhooks.listen", "the address of [http]"),
        (PBX + PBX, "pbx[1].name", 'found "main" a second time'),
        (PBX.replace('"main"', '"a/b"'), "pbx[0].name", "letters, digits, dots"),
        (PBX.replace('name = "main"\n', ""), "pbx[0].name", "found nothing"),
        (PBX.replace("asterisk", "avaya"), "pbx[0].kind", "'asterisk' or 'freeswitch'"),
        (PBX.replace('kind = "asterisk"\n', ""), "pbx[0].kind", "found nothing"),
        (PBX.replace('username = "textback"\n', ""), "pbx[0].username", "found nothing"),
        (PBX.replace('secret = "hunter2"\n', ""), "pbx[0].secret", "found nothing, expected its password"),
        (PBX.replace('"hunter2"', '"hunter2\\r\\nAction: Command"'), "pbx[0].secret", "printable"),
        (PBX.replace('"textback"', '"a\\r\\nb"'), "pbx[0].username", "text on one line"),
        (PBX.replace('["PJSIP/t-*"]', "[]"), "pbx[0].trunks", "the channels whose far end is outside"),
        (PBX + "port = 0\n", "pbx[0].port", "found 0, expected at least 1"),
        (PBX + "tls = 'yes'\n", "pbx[0].tls", "true or false"),
        (PBX + "tls_ca = 'nope.pem'\n", "pbx[0].tls_ca", "a file with certificates"),
        ("[sms]\nprovider = 'pigeon'\n", "sms.provider", "'console' or 'twilio'"),
        ("[sms]\nrate = 0\n", "sms.rate", "found 0, expected more than 0"),
        ("[sms]\nrate = inf\n", "sms.rate", "a number"),
        ("[sms]\nper_day = -1\n", "sms.per_day", "at least 0"),
        ("[sms.twilio]\naccount_sid = 'SK1'\n", "sms.twilio.account_sid", "begins with AC"),
        ("[sms.twilio]\ntimeout = 'long'\n", "sms.twilio.timeout", "a time such as"),
        ("[mail]\nfrom = 'a@b.example'\n", "mail.host", "found nothing, expected the name of the mail server"),
        ("[mail]\nhost = 'h'\n", "mail.from", "found nothing"),
        (MAIL + "from = 'a@b.example\\nBcc: x'\n", "mail.from", "an e-mail address"),
        (MAIL + SENT + "username = 'u'\n", "mail.password", "both username and password"),
        (MAIL + SENT + "password = 'hunter2'\n", "mail.username", "both username and password"),
        (MAIL + SENT + "password_file = 'nope'\nusername = 'u'\n", "mail.password_file", "no such file"),
        (MAIL + SENT + "tls = 'maybe'\n", "mail.tls", "'starttls', 'tls' or 'none'"),
        (MAIL + SENT + "tls = 'none'\nusername = 'u'\npassword = 'hunter2'\n", "mail.tls", "to another machine"),
        (MAIL + SENT + "tls_ca = 'nope.pem'\n", "mail.tls_ca", "a file with certificates"),
        (MAIL + SENT + "timeout = '1h'\n", "mail.timeout", "at most 120"),
        ("[notify]\nsigning_key = 'hunter2'\n", "notify.signing_key", "found something that is not shown"),
        ("[notify]\nsigning_key = 'whsec_aHVudGVyMg=='\n", "notify.signing_key", "24 to 64 bytes in base64"),
        ("[notify]\nsigning_key_file = 'nope'\n", "notify.signing_key_file", "no such file"),
        ("[notify]\nallow_private = ['10.0.0.0/33']\n", "notify.allow_private[0]", "an address or network"),
        ("[log]\nlevel = 'loud'\n", "log.level", "'debug', 'info', 'warning' or 'error'"),
    ],
)
def test_a_mistake_is_told_with_its_key_what_was_found_and_what_is_expected(
    tmp_path: Path, text: str, where: str, words: str
) -> None:
    told = mistakes(tmp_path, text)
    assert list(told) == [where]
    assert words in told[where]


@pytest.mark.parametrize(("tls", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_a_mail_server_has_the_port_of_how_it_is_spoken_to(tmp_path: Path, tls: str, port: int) -> None:
    read = load(tmp_path, f"{MAIL}{SENT}tls = '{tls}'\n").mail
    assert read is not None and (read.port, read.sender) == (port, "a@b.example")


def test_the_ways_to_tell_staff_are_those_that_it_has(tmp_path: Path) -> None:
    assert load(tmp_path, "").ways == Ways()
    (tmp_path / "key").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
    given = "[notify]\nsigning_key_file = 'key'\nallow_private = ['10.1.0.0/16']\n"
    read = load(tmp_path, MAIL + SENT + given)
    assert read.ways == Ways(email=True, webhook=True, allowed=(ip_network("10.1.0.0/16"),))
    assert "MfKQ9r8" not in f"{read!r} {read}"


def test_certificates_of_a_mail_server_that_are_none_are_a_mistake(tmp_path: Path) -> None:
    """Found when the file is read: the daemon could not begin with them."""
    (tmp_path / "ca.pem").write_text("nothing of the kind\n")
    told = mistakes(tmp_path, f"{MAIL}{SENT}tls_ca = 'ca.pem'\n")
    assert list(told) == ["mail.tls_ca"] and "a file with certificates that can be read" in told["mail.tls_ca"]


def test_a_mail_server_on_this_machine_may_have_a_password_without_tls(tmp_path: Path) -> None:
    local = "[mail]\nhost = 'localhost'\ntls = 'none'\nusername = 'u'\npassword = 'hunter2'\n" + SENT
    assert load(tmp_path, local).mail is not None


def test_twilio_needs_an_account_and_a_token(tmp_path: Path) -> None:
    told = mistakes(tmp_path, "[sms]\nprovider = 'twilio'\n")
    assert set(told) == {"sms.twilio.account_sid", "sms.twilio.auth_token"}


@pytest.mark.parametrize("content", ["", "\n", "two\nlines", "caf\u00e9\x00"])
def test_a_secret_file_has_one_line_and_that_is_the_secret(tmp_path: Path, content: str) -> None:
    (tmp_path / "secret").write_text(content, "utf-8")
    told = mistakes(tmp_path, "[http]\nsecret_file = 'secret'\n")
    assert "as its only line" in told["http.secret_file"]


def test_a_secret_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xff\xfe")
    assert "not UTF-8" in mistakes(tmp_path, "[http]\nsecret_file = 'secret'\n")["http.secret_file"]


def test_all_mistakes_are_told_at_once_a_line_each_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(
        "[log]\nlevel = 'loud'\n[agi]\nlisten = '0.0.0.0:1'\n[[pbx]]\nname = 'a'\nkind = 'x'\nsecret_file = 'no'\n",
        "utf-8",
    )
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    lines = str(caught.value).splitlines()
    keys = ["pbx[0].secret_file", "pbx[0].kind", "log.level", "agi.allow", "pbx[0].trunks"]
    assert len(lines) == len(keys)
    for line, key in zip(lines, keys):
        assert re.fullmatch(rf"{re.escape(str(path))}: {re.escape(key)}: found .+, expected .+", line)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a = ", "expected a TOML file"),
        (b"[http\n", "line 1"),
        (b"a = 1\na = 2\n", "expected a TOML file"),
        (b"a = '\xff'", "not UTF-8"),
        (b"#" * 1_000_001, "more than 1 MB"),
        (b"a = " + b"[" * 100_000, "expected a TOML file"),
    ],
)
def test_what_is_no_toml_is_refused_with_the_reason(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    for read in (config.load, config.load_practice_file):
        with pytest.raises(ConfigError, match=words):
            read(path)


def test_a_file_that_is_not_there_or_is_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: file: found no such file or directory, expected"):
        config.load(tmp_path / "nowhere.toml")
    with pytest.raises(ConfigError, match="is a directory"):
        config.load_practice_file(tmp_path)


def test_a_practice_file_is_read_and_its_mistakes_name_the_file(tmp_path: Path) -> None:
    assert config.load_practice_file(DATA / "practice.toml").name == "Riverside Clinic"
    path = tmp_path / "bad.toml"
    path.write_text("[practice]\nname = 5\n", "utf-8")
    with pytest.raises(ConfigError) as caught:
        config.load_practice_file(path)
    assert f"{path}: practice.name: found 5, expected text in quotes" in str(caught.value).splitlines()
    assert len(caught.value.mistakes) == 4


def test_the_file_is_the_one_named_else_that_of_the_environment_else_the_one_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(config, "PLACES", (Path("textback.toml"), tmp_path / "etc.toml"))
    monkeypatch.delenv("TEXTBACK_CONFIG", raising=False)
    with pytest.raises(ConfigError, match="found nothing, expected textback.toml or .*--config or "):
        config.find(None)
    (tmp_path / "etc.toml").touch()
    assert config.find(None) == tmp_path / "etc.toml"
    (tmp_path / "textback.toml").touch()
    assert config.find(None) == Path("textback.toml")
    monkeypatch.setenv("TEXTBACK_CONFIG", "other.toml")
    assert config.find(None) == Path("other.toml")
    assert config.find("named.toml") == Path("named.toml")


@pytest.mark.parametrize("named", ["secrets/main", "{base}/secrets/main", "${{CREDENTIALS_DIRECTORY}}/secrets_main"])
def test_a_secret_that_only_root_can_read_comes_as_a_credential(
    tmp_path: Path, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As systemd makes it of LoadCredential=secrets:/etc/textback/secrets."""
    base, given = tmp_path / "etc", tmp_path / "given"
    base.mkdir()
    given.mkdir()
    (given / "secrets_main").write_text("hush\n")
    path = base / "textback.toml"
    path.write_text(f"[http]\nsecret_file = '{named.format(base=base)}'\n")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(ConfigError, match="http.secret_file: found .* no such file"):
        config.load(path)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(given))
    secret = config.load(path).http.secret
    assert secret is not None and secret.get_secret_value() == "hush"


def test_a_secret_file_that_can_be_read_is_newer_than_its_credential(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """systemd copies it once, at the start; a reload is to find what was changed since."""
    for folder, secret in (("secrets", "new"), ("given", "old")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / ("main" if folder == "secrets" else "secrets_main")).write_text(secret)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "given"))
    (tmp_path / "textback.toml").write_text("[http]\nsecret_file = 'secrets/main'\n")
    found = config.load(tmp_path / "textback.toml").http.secret
    assert found is not None and found.get_secret_value() == "new"


def test_how_long_what_is_kept_is_read_in_days_and_years(tmp_path: Path) -> None:
    told = '[retention]\ncalls = "400d"\nmessages = "1y"\nraw = "7d"\naudit = "6y"\nat = "02:15"\n'
    (tmp_path / "textback.toml").write_text(told)
    kept = config.load(tmp_path / "textback.toml").retention
    day = 86_400.0
    assert (kept.calls, kept.messages, kept.raw) == (400 * day, 365.25 * day, 7 * day)
    assert (kept.audit, kept.at) == (6 * 365.25 * day, 135)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('calls = "9d"', 'at least "10d"'), ("calls = 400", '"400d" or "6y"'), ('audit = "0d"', '"400d" or "6y"'),
        ('at = "3 a.m."', 'a time of day such as "03:30"'),
    ],
)  # fmt: skip
def test_what_is_no_age_is_a_mistake(tmp_path: Path, line: str, expected: str) -> None:
    (tmp_path / "textback.toml").write_text(f"[retention]\n{line}\n")
    with pytest.raises(config.ConfigError) as wrong:
        config.load(tmp_path / "textback.toml")
    assert f"retention.{line.split()[0]}" in str(wrong.value) and expected in str(wrong.value)


def test_a_metrics_token_may_be_in_a_file_of_its_own_and_is_shown_nowhere(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hunter2-hunter2-hunter2\n")
    read = load(tmp_path, "[http]\nmetrics_token_file = 'token'\n")
    assert read.http.metrics_token and read.http.metrics_token.get_secret_value() == "hunter2-hunter2-hunter2"
    assert "hunter2" not in repr(read) and load(tmp_path, "").http.metrics_token is None


@pytest.mark.parametrize("token", ["", "hunter2", "hunter2 hunter2 hunter2", "hunter2-hunter2-hünter2", "hunter2" * 40])
def test_a_metrics_token_that_is_guessed_or_cannot_be_sent_is_refused(tmp_path: Path, token: str) -> None:
    told = mistakes(tmp_path, f"[http]\nmetrics_token = '{token}'\n")
    assert "16 to 200 letters" in told["http.metrics_token"]
