"""The five commands: what they say, what they leave, and how they end."""

import json
import shutil

import pytest
import torch

from recmtl import sample_data


def copy_of(path, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    return shutil.copyfile(path, target)


class TestWithoutASplit:
    @pytest.mark.parametrize("words", [("prune-single", "--task", "0"), ("train-mtl",), ("evaluate",)])
    def test_a_stage_says_what_comes_first_and_makes_nothing_up(self, words, tmp_path, cli):
        ran = cli(*words, cwd=tmp_path)
        assert ran.code == 5
        assert ran.err.startswith("error: there is no ")
        assert "recmtl split-domains" in ran.err or "recmtl train-mtl" in ran.err
        assert "--sample" in ran.err
        assert not list(tmp_path.iterdir())

    def test_split_domains_asks_for_the_download(self, tmp_path, cli):
        ran = cli("split-domains", "--config", "adult.json", cwd=tmp_path)
        assert ran.code == 5
        assert "recmtl download adult" in ran.err

    def test_split_domains_needs_a_config(self, tmp_path, cli):
        ran = cli("split-domains", cwd=tmp_path)
        assert ran.code == 2
        assert "--config" in ran.err and "--sample" in ran.err

    def test_sample_is_there_when_asked_for(self, tmp_path, cli):
        ran = cli("train-mtl", "--sample", "--set", "train.epochs=1", "--json", cwd=tmp_path)
        assert ran.code == 0, ran.err
        assert ran.json["status"] == "done"
        assert set(ran.json["validation"]) == {"click", "completion"}
        assert (tmp_path / "data/sample/manifest.json").is_file()


class TestDownload:
    def test_taobao_says_where_to_log_in(self, tmp_path, cli):
        ran = cli("download", "taobao", cwd=tmp_path)
        assert ran.code == 5
        assert "tianchi.aliyun.com/dataset/9716" in ran.err and "theme_click_log.csv" in ran.err and "--from" in ran.err

    def test_no_network_names_from(self, tmp_path, recmtl):
        nowhere = {"https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9", "no_proxy": ""}
        ran = recmtl("download", "adult", "--json", cwd=tmp_path, env=nowhere)
        assert ran.code == 5
        assert ran.json["code"] == 5 and "--from" in ran.json["hint"] and "network" in ran.json["message"]
        assert not (tmp_path / "data/raw/adult").exists()

    def test_another_file_of_that_name_is_refused(self, tmp_path, cli):
        """The sample's Adult lines are made up: they are not the published files."""
        ran = cli("download", "adult", "--from", str(sample_data.folder() / "adult"), cwd=tmp_path)
        assert ran.code == 6
        assert "sha256" in ran.err and "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d" in ran.err
        assert not (tmp_path / "data/raw/adult").exists()

    def test_from_a_folder_an_archive_and_a_mirror(self, tmp_path, real_data, cli):
        source = real_data("adult")
        archive = shutil.make_archive(str(tmp_path / "adult"), "zip", source)
        for name, address in {"folder": str(source), "archive": archive, "mirror": source.as_uri()}.items():
            (tmp_path / name).mkdir()
            ran = cli("download", "adult", "--from", address, cwd=tmp_path / name)
            assert ran.code == 0, ran.err
            taken = tmp_path / name / "data/raw/adult"
            assert (taken / "adult.data").read_bytes() == (source / "adult.data").read_bytes()
            assert json.loads((taken / "source.json").read_text())["licence"] == "CC BY 4.0"

    def test_what_is_there_is_not_fetched_again(self, tmp_path, real_data, cli):
        assert cli("download", "adult", "--from", str(real_data("adult")), cwd=tmp_path).code == 0
        ran = cli("download", "adult", cwd=tmp_path)
        assert (ran.code, ran.out) == (0, "download: done already: data/raw/adult\n")

    def test_new_logs_in_the_same_place_are_taken_again(self, tmp_path, cli):
        """Files without a published sum: their own bytes decide."""
        logs = tmp_path / "logs"
        shutil.copytree(sample_data.folder() / "taobao", logs)
        assert "done:" in cli("download", "taobao", "--from", str(logs), cwd=tmp_path).out
        assert "done already" in cli("download", "taobao", "--from", str(logs), cwd=tmp_path).out
        with (logs / "theme_click_log.csv").open("a") as log:
            log.write("10001,7100,500001,2036,34,1,20181208000252\n")
        assert "done:" in cli("download", "taobao", "--from", str(logs), cwd=tmp_path).out
        assert "done already" in cli("download", "taobao", cwd=tmp_path).out

    def test_an_unknown_data_set(self, tmp_path, cli):
        ran = cli("download", "adlut", cwd=tmp_path)
        assert ran.code == 2
        assert "did you mean 'adult'?" in ran.err

    def test_a_folder_without_the_files(self, tmp_path, cli):
        ran = cli("download", "adult", "--from", str(tmp_path), cwd=tmp_path)
        assert ran.code == 5
        assert "adult.data" in ran.err


class TestNames:
    def test_the_config_s_own_name_names_split_and_run(self, workspace, cli):
        copy_of(workspace / "runs/sample/scorecard/scorecard.json", workspace / "before.json")
        (workspace / "mine.json").write_text(
            json.dumps({"dataset": "sample", "split": "random", "model": "mmoe", "train": {"epochs": 1}})
        )
        assert cli("split-domains", "--config", "mine.json", cwd=workspace).code == 0
        ran = cli("train-mtl", "--json", cwd=workspace)
        assert ran.code == 0, ran.err
        assert ran.json["target"] == "runs/mine/model"  # the split made last, and the run named after its config
        ran = cli("evaluate", "--json", cwd=workspace)
        assert ran.json["target"] == "runs/mine/scorecard"
        assert (
            cli("train-mtl", "--data", "sample", "--dry-run", "--json", cwd=workspace).json["target"]
            == "runs/sample/model"
        )

    def test_a_run_keeps_its_model(self, workspace, cli):
        given = ("--run", "wide", "--set", "model.bottom=[64,32]", "--set", "train.epochs=1")
        assert cli("train-mtl", "--sample", *given, cwd=workspace).code == 0
        cli("split-domains", "--sample", cwd=workspace)  # the split's config has the other model
        ran = cli("train-mtl", "--run", "wide", "--set", "train.epochs=1", "--json", cwd=workspace)
        assert (ran.code, ran.json["status"]) == (0, "done already")
        assert "the model is the one that runs/wide was started with" in ran.err

    def test_another_architecture_in_the_same_run_is_refused(self, workspace, cli):
        ran = cli("train-mtl", "--sample", "--set", "model.bottom=[64,32]", cwd=workspace)
        assert ran.code == 6
        assert "runs/sample/init/weights.pt does not fit" in ran.err and "--run" in ran.err

    def test_another_seed_in_the_same_run_is_refused(self, workspace, cli):
        ran = cli("train-mtl", "--sample", "--seed", "7", cwd=workspace)
        assert ran.code == 2
        assert "--run" in ran.err

    def test_raw_is_no_name_for_a_split(self, workspace, cli):
        assert cli("split-domains", "--sample", "--data", "raw", cwd=workspace).code == 2


class TestConventions:
    def test_done_already_costs_nothing_and_dry_run_says_why(self, workspace, cli):
        assert "done already" in cli("split-domains", "--sample", cwd=workspace).out
        ran = cli("split-domains", "--sample", "--set", "split.seed=3", "--dry-run", cwd=workspace)
        assert ran.out == "split-domains: would run: data/sample (split.seed 0 -> 3)\n"
        assert "done already" in cli("split-domains", "--sample", cwd=workspace).out

    def test_a_section_that_is_not_the_stage_s_does_not_run_it_again(self, workspace, cli):
        ran = cli("split-domains", "--sample", "--set", "train.epochs=1", cwd=workspace)
        assert "done already" in ran.out
        # but the stages after it, asked without a config, see it
        ran = cli("train-mtl", "--dry-run", cwd=workspace)
        assert "train.epochs 20 -> 1" in ran.out

    def test_errors_as_json(self, tmp_path, cli):
        ran = cli("split-domains", "--config", "adlt.json", "--json", cwd=tmp_path)
        assert (ran.code, ran.json["status"], ran.json["code"]) == (2, "error", 2)
        assert ran.err.startswith("error: ")

    def test_usage_errors_as_json(self, tmp_path, cli):
        ran = cli("train-mtl", "--nonsense", "--json", cwd=tmp_path)
        assert (ran.code, ran.json["command"]) == (2, "train-mtl")

    def test_quiet_leaves_stderr_empty(self, workspace, cli):
        ran = cli("evaluate", "--part", "valid", "--quiet", cwd=workspace)
        assert (ran.code, ran.err) == (0, "")

    def test_log_lines_are_dated_and_kept(self, workspace, cli):
        ran = cli("evaluate", "--part", "valid", "--log-file", "night.log", cwd=workspace)
        assert ran.err.startswith("20") and "Z scoring " in ran.err
        assert (workspace / "night.log").read_text() == ran.err

    def test_debug_shows_the_traceback(self, tmp_path, recmtl):
        ran = recmtl("split-domains", "--config", "nothing.json", "--debug", cwd=tmp_path)
        assert "Traceback" in ran.err

    def test_version(self, tmp_path, cli):
        assert cli("--version", cwd=tmp_path).out.startswith("recmtl 0.")

    def test_config_schema_knows_every_section(self, tmp_path, cli):
        schema = cli("config", "schema", cwd=tmp_path).json
        assert {"dataset", "split", "model", "train", "prune", "evaluate"} < set(schema["properties"])
        assert "num_experts" in json.dumps(schema) and "rowwise_adagrad" in json.dumps(schema)

    def test_presets_are_listed(self, tmp_path, cli):
        assert cli("config", "presets", cwd=tmp_path).out.split() == [
            "adult.json", "adult_sex.json", "ali_ccp.json", "aliexpress_all.json", "aliexpress_es.json",
            "aliexpress_fr.json", "aliexpress_nl.json", "aliexpress_us.json",
            "amazon_13.json", "amazon_6.json",
            "census.json", "census_one_hot.json",
            "ijcai15.json", "ijcai18.json", "kuairand.json",
            "kuairec.json", "lt4rec.json",
            "mmlrec_msl_ae.json", "mmlrec_msl_amazon.json", "mmlrec_msl_iaac.json",
            "mmlrec_msl_kuairec.json", "mmlrec_msl_movielens.json", "mmlrec_mtl_amazon.json",
            "mmlrec_mtl_census.json", "mmlrec_mtl_ijcai.json", "mmlrec_mtl_kuairec.json",
            "mmlrec_mtl_movielens.json", "mmlrec_mtmsl_amazon.json", "mmlrec_mtmsl_movielens.json",
            "movielens_100k.json", "movielens_age.json", "movielens_gender.json",
            "movielens_latest_small.json", "movielens_occupation.json", "sample.json", "taobao_10.json",
            "taobao_20.json", "taobao_30.json", "taobao_all.json",
        ]  # fmt: skip


class TestEvaluate:
    def test_json_has_the_cells(self, workspace, cli):
        ran = cli("evaluate", "--json", cwd=workspace)
        cells = ran.json["cells"]
        assert {"task", "domain", "rows", "positives", "auc", "log_loss", "gauc", "pr_auc"} < set(cells[0])
        assert [c["rows"] for c in cells if c["domain"] == "all" and c["task"] == "click"] == [1395]

    def test_all_parts_together(self, workspace, cli):
        cells = cli("evaluate", "--part", "all", "--json", cwd=workspace).json["cells"]
        assert next(c for c in cells if c["domain"] == "all")["rows"] == 7000

    def test_checkpoints_by_name_and_by_path(self, workspace, cli):
        shutil.copyfile(workspace / "runs/sample/model/last.pt", workspace / "elsewhere.pt")
        named = cli("evaluate", "--checkpoint", "last", "--json", cwd=workspace).json["cells"]
        by_path = cli("evaluate", "--checkpoint", "elsewhere.pt", "--json", cwd=workspace).json["cells"]
        assert named == by_path
        ran = cli("evaluate", "--checkpoint", "epoch-3", cwd=workspace)
        assert ran.code == 5 and "best, last" in ran.err

    def test_every_epoch_is_kept_if_asked(self, workspace, cli):
        given = ("--set", "train.keep_checkpoints=all", "--set", "train.epochs=2")
        assert cli("train-mtl", *given, cwd=workspace).code == 0
        assert {p.name for p in (workspace / "runs/sample/model").glob("*.pt")} == {
            "best.pt", "last.pt", "epoch-1.pt", "epoch-2.pt",
        }  # fmt: skip
        assert cli("evaluate", "--checkpoint", "epoch-1", cwd=workspace).code == 0


class TestTickets:
    def test_the_ticket_is_the_smallest_mask_within_the_tolerance(self, sample_workspace):
        folder = sample_workspace / "runs/sample/tickets/click"
        _, *masks = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        best = max(mask["score"] for mask in masks)
        smallest = min((m for m in masks if m["score"] >= best - 0.001), key=lambda m: m["kept"])
        assert (folder / "ticket.pt").read_bytes() == (folder / smallest["mask"]).read_bytes()

    def test_train_mtl_uses_the_run_s_tickets_unless_told_otherwise(self, workspace, cli):
        given = ("--set", "train.epochs=1", "--json")
        by_default = cli("train-mtl", *given, cwd=workspace).json["tickets"]
        assert set(by_default) == {"click", "completion"}
        assert cli("train-mtl", "--tickets", "none", *given, cwd=workspace).json["tickets"] == {}
        by_hand = cli("train-mtl", "--tickets", "click=4", *given, cwd=workspace).json["tickets"]
        assert by_hand == {"click": pytest.approx(0.2, abs=1e-4)}
        path = "completion=runs/sample/tickets/completion/2_44.72%.pt"
        both = cli("train-mtl", "--tickets", "click=1", "--tickets", path, *given, cwd=workspace).json["tickets"]
        for words in (("sample", "click=1"), ("click=1", "sample")):  # a task's own word counts more than a run's
            ran = cli("train-mtl", *(w for word in words for w in ("--tickets", word)), *given, cwd=workspace)
            assert ran.json["tickets"] == {"click": both["click"], "completion": by_default["completion"]}
        assert both == {"click": pytest.approx(0.6687, abs=1e-4), "completion": pytest.approx(0.4472, abs=1e-4)}
        assert set(cli("train-mtl", "--tickets", "sample", *given, cwd=workspace).json["tickets"]) == set(by_default)

    @pytest.mark.parametrize(
        ("words", "code", "says"),
        [
            (("click=9",), 5, "no mask of iteration 9"),
            (("clik=1",), 2, "did you mean 'click'?"),
            (("click=nowhere.pt",), 5, "no such file"),
            (("nobody",), 5, "holds no ticket"),
            (
                ("click=runs/sample/tickets/completion/ticket.pt",),
                6,
                "a ticket of the task 'completion', not of 'click'",
            ),
            (("click=runs/sample/model/best.pt",), 6, "is no ticket"),
        ],
    )
    def test_a_wrong_ticket_is_refused(self, workspace, cli, words, code, says):
        ran = cli("train-mtl", *(part for word in words for part in ("--tickets", word)), cwd=workspace)
        assert ran.code == code
        assert says in ran.err

    def test_a_ticket_of_other_initial_weights_is_refused(self, workspace, cli):
        mask = workspace / "runs/sample/tickets/click/ticket.pt"
        given = ("--sample", "--run", "other", "--seed", "5", "--set", "train.epochs=1")
        ran = cli("train-mtl", *given, "--tickets", f"click={mask}", cwd=workspace)
        assert ran.code == 6
        assert "other initial weights" in ran.err

    def test_a_single_ticket_trains_to_its_trial(self, tmp_path, recmtl):
        """One task: training it in its ticket is the very round in which the ticket was found."""
        ran = recmtl("download", "taobao", "--from", str(sample_data.folder() / "taobao"), cwd=tmp_path)
        assert ran.code == 0, ran.err
        fast = ("--set", "train.epochs=2", "--quiet", "--json")
        assert recmtl("split-domains", "--config", "taobao_10.json", cwd=tmp_path).code == 0
        found = recmtl("prune-single", "--task", "0", "--final-rate", "0.2", *fast, cwd=tmp_path)
        assert found.code == 0, found.err
        names = [trial["mask"] for trial in found.json["trials"]]
        assert names == [None, "1_66.87%.pt", "2_44.72%.pt", "3_29.91%.pt", "4_20.0%.pt"]
        score = next(t["score"] for t in found.json["trials"] if t["mask"] == found.json["ticket"])
        assert recmtl("train-mtl", *fast, cwd=tmp_path).json["score"] == score

    def test_masks_hold_bools_and_what_they_belong_to(self, sample_workspace):
        content = torch.load(sample_workspace / "runs/sample/tickets/click/4_20.0%.pt", weights_only=True)
        assert content["task"] == "click" and len(content["start"]) == 64
        assert {tuple(mask.shape) for mask in content["mask"].values()} == {(128, 720), (64, 128)}
        assert sum(int(mask.sum()) for mask in content["mask"].values()) == round(0.2 * (128 * 720 + 64 * 128))
