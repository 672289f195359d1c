import stat
from pathlib import Path

from activities.encryption import keyring_of
from deploy.encryption_key import kept_encryption_key


def test_a_folder_keeps_one_key_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "state" / "encryption-key"
    made = kept_encryption_key(file)
    assert kept_encryption_key(file) == made
    assert keyring_of(made)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert kept_encryption_key(tmp_path / "other") != made
