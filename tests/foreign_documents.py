"""Configs in the shapes of other systems, made for tests."""

from typing import Any

from recmtl.foreign import translate
from recmtl.recipe import Recipe

MLORA_README: dict[str, Any] = {
    "model": {
        "name": "autoint_single", "norm": "none", "dense": "dense", "lora_r": -1, "lora_reduce": 16,
        "auxiliary_net": False, "user_dim": 128, "item_dim": 128, "domain_dim": 128, "auxiliary_dim": 128,
        "hidden_dim": [256, 128, 64], "dropout": 0.5,
    },
    "train": {
        "train_from_ckp": False, "load_pretrain_emb": True, "emb_trainable": False, "epoch": 99999,
        "learning_rate": 0.001, "meta_learning_rate": 0.1, "domain_meta_learning_rate": 0.1, "merged_method": "plus",
        "sample_num": 5, "add_query_domain": True, "finetune_every_epoch": False, "shuffle_sequence": True,
        "meta_sequence": "random", "target_domain": -1, "domain_regulation_step": 0, "meta_train_step": 0,
        "meta_finetune_step": 0, "meta_split": "train-train", "meta_split_ratio": 0.8, "average_meta_grad": "none",
        "meta_parms": ["emb", "kernel_shared", "bias_shared"], "result_save_path": "result",
        "checkpoint_path": "checkpoint", "loss": "binary_crossentropy", "optimizer": "adam", "patience": 3,
        "val_every_step": 1, "histogram_freq": 0, "shuffle_buff_size": 10000,
    },
    "dataset": {
        "name": "Taobao", "dataset_path": "dataset/Taobao", "domain_split_path": "split_by_theme_10",
        "batch_size": 1024, "shuffle_buffer_size": 10000, "num_parallel_reads": 8, "seed": 123,
    },
}  # fmt: skip
"""The example of MLoRA's README."""
TAOBAO: dict[str, Any] = {
    "theme_num": 10, "raw_data_path": "raw_data", "processed_data_path": "processed_data", "rebuild": False,
    "split_save_path": "split_by_theme_10", "split_policy": "split_by_theme", "seed": 123, "cores": 8,
    "ctr_ratio": 0.5, "random_range": True, "ctr_ratio_range": [0.2, 0.5], "train_val_test": [0.6, 0.2, 0.2],
}  # fmt: skip
AMAZON: dict[str, Any] = {
    "categories": ["All Beauty", "Gift Cards"], "raw_data_path": "raw_data", "processed_data_path": "processed_data",
    "rebuild": False, "redownload": False, "split_save_path": "split_by_category",
    "split_policy": "split_by_category", "seed": 123, "cores": 8, "ctr_ratio": 0.5, "train_val_test": [0.6, 0.2, 0.1],
}  # fmt: skip
MOVIELENS: dict[str, Any] = {
    "domain_field": "Gender", "raw_data_path": "raw_data/ml_1m", "processed_data_path": "processed_data",
    "split_save_path": "split_by_gender", "split_policy": "split_by_gender", "seed": 123,
    "train_val_test": [0.6, 0.2, 0.2],
}  # fmt: skip
MMLREC: dict[str, Any] = {
    "data_config": {
        "data_name": "movielens", "train_dataset_path": "/MMLRec/data/movielens_train.csv",
        "test_dataset_path": "/MMLRec/data/movielens_test.csv", "all_columns": ["user_tag", "label2", "label3"],
        "feature_columns": ["user_tag"], "dense_columns": [], "ignore_columns": [],
        "label_columns": ["label2", "label3"], "sample": "random",
    },
    "model_config": {
        "task_name": "mtl", "model_name": "ple", "task": "binary", "emb": 8, "num_experts": 4, "shared_expert_num": 2,
        "specific_expert_num": 3, "num_levels": 2, "expert_dnn_hidden_units": [256, 128],
        "dnn_hidden_units": [256, 128, 64], "bottom_dnn_hidden_units": [128], "gate_dnn_hidden_units": [64],
        "tower_dnn_hidden_units": [64], "l2_reg_linear": 0, "l2_reg_embedding": 0, "l2_reg_dnn": 0,
        "dnn_use_bn": False, "dnn_dropout": 0.0, "dnn_activation": "relu", "use_cka_loss": False,
    },
    "optim_config": {
        "lr": 0.01, "optimizer": "adam", "loss": ["binary_crossentropy", "binary_crossentropy"],
        "metrics": ["auc", "acc"], "weight_decay": 1e-05, "decay_step": 5, "gamma": 0.5, "early_stop": 3,
    },
    "training_config": {
        "train_batch_size": 4096, "val_batch_size": 4096, "test_batch_size": 4096, "epochs": 40, "max_steps": 100000,
    },
    "save_config": {"save": True, "save_path": "./checkpoint/", "save_layer_output": False},
}  # fmt: skip
LT4REC = """
feature_configs:
    FEA_VID: {dtype: string, size: 1}
    FEA_SVID: {dtype: string, size: 1}
    FEA_SIKEYWORD: {dtype: string, size: -1}
    FEA_UGROUP: {dtype: string, size: 1}
    cvrlabel: {dtype: float32, size: 1}
    label: {dtype: int64, size: 1}
transform:
    categorical_features: [FEA_SVID, FEA_SIKEYWORD, FEA_VID, FEA_UGROUP]
    numerical_features: {}
network:
    categorical_features: [FEA_SVID, FEA_VID, FEA_UGROUP]
    numerical_features: {}
    multivalue_features: [FEA_SIKEYWORD]
    pooling_type: mean
    attention_features: []  # not used
ctrmetrics:
    - {name: AUC, type: auc, label: label}
cvrmetrics:
    - {name: MSE, type: weighted_mse, label: cvrlabel}
ctrloss: {type: focal_loss, label: label, alpha: 0.75, gamma: 2}
cvrloss: {type: weighted_mse, label: cvrlabel}
batch_size: 32
embed_size: 16
default_num_oov_buckets: 10
map_num_oov_buckets: {FEA_VID: 15000000, FEA_UCITY: 20, FEA_GROUP: 1600}
map_top_k_to_select: {}
map_shared_embedding: {FEA_SVID: FEA_VID}
hidden_size: [512, 256, 128]
learning_rate: 0.0001
train_epochs: 1
validate_steps: 5
log_steps: 5
train_file_shuffle: True
train_shuffle_buffer_size: 10
validate_duaring_training: True
test_tfrecord_path: ../dataset/part-r-00002.gz
train_tfrecord_path: ../dataset/part-r-00002.gz
val_tfrecord_path: ../dataset/part-r-00002.gz
save_checkpoints_dir: /home/someone/chk_points/
"""
PADDLEREC = """
runner:
  train_data_dir: "data/train"
  train_reader_path: "census_reader" # importlib format
  use_gpu: False
  use_auc: True
  train_batch_size: 2
  epochs: 3
  print_interval: 2
  model_save_path: "output_model_ple"
  test_data_dir: "data/test"
  infer_batch_size: 2
  infer_reader_path: "census_reader"
  infer_load_path: "output_model_ple"
  infer_start_epoch: 0
  infer_end_epoch: 3

hyper_parameters:
  feature_size: 499
  task_num: 2
{sizes}
  tower_size: 8
  optimizer:
    class: adam
    learning_rate: 0.001
    strategy: async
"""


def translated(document: dict[str, Any]) -> Recipe:
    """A document in another system's shape as a recipe."""
    found = translate(document, "theirs.json")
    assert found is not None
    return Recipe("theirs.json", "theirs", found.document, notes=found.notes)


def lines(recipe: Recipe, start: str) -> list[str]:
    """Those of a recipe's notes that begin so."""
    return [note for note in recipe.notes if note.startswith(start)]
