"""Loading a state dict: everything fits and is copied, or an error names all that does not, and nothing is changed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn import nn


def model(lib=nn):
    return lib.Sequential(lib.Linear(3, 4), lib.BatchNorm1d(4), lib.Linear(4, 2, bias=False))


def values(module) -> dict[str, list]:
    return {name: x.detach().numpy().tolist() for name, x in module.state_dict().items()}


# What may be wrong with a state dict, as a change of it.
WRONG = {
    "missing": lambda found: found.pop("0.bias"),
    "missing all": lambda found: found.clear(),
    "unexpected": lambda found: found.update({"3.weight": found["0.weight"], "x": found["0.weight"]}),
    "renamed": lambda found: found.update({"module.0.bias": found.pop("0.bias")}),
    "another size": lambda found: found.update({"2.weight": found["0.weight"]}),
    "a dimension more": lambda found: found.update({"0.bias": found["0.bias"][None]}),
    "both sizes": lambda found: found.update({"2.weight": found["0.weight"], "0.weight": found["2.weight"]}),
    "a number": lambda found: found.update({"0.bias": 3}),
    "nothing": lambda found: found.update({"0.bias": None}),
    "a list": lambda found: found.update({"0.bias": [1.0, 2.0, 3.0, 4.0]}),
}


@given(st.sets(st.sampled_from(sorted(WRONG)), min_size=1).map(sorted))
def test_whatever_is_wrong_is_named_and_nothing_is_changed(wrong):
    module = model()
    before, found = values(module), dict(model().state_dict())
    for name in ("missing all", *wrong) if "missing all" in wrong else wrong:
        if set(found) >= {"0.weight", "0.bias", "2.weight"} or name == "missing all":
            WRONG[name](found)
    for assign in (False, True):
        with pytest.raises(RuntimeError, match=r"Error\(s\) in loading state_dict for Sequential:\n\t"):
            module.load_state_dict(found, assign=assign)
        assert values(module) == before


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("wrong", WRONG)
def test_the_message_is_torchs(wrong, strict):
    torch = pytest.importorskip("torch")
    ours, theirs = model(), model(torch.nn)
    outcomes = []
    for module in (ours, theirs):
        found = module.state_dict()
        WRONG[wrong](found)
        try:
            outcomes.append(repr(module.load_state_dict(found, strict=strict)))
        except RuntimeError as error:
            outcomes.append(str(error))
    ours_says, theirs_says = outcomes
    theirs_says = theirs_says.replace("torch.Tensor or Tensor-like object", "a Tensor or an array")
    theirs_says = theirs_says.replace("torch.Size", "Size")
    assert ours_says == theirs_says


@pytest.mark.parametrize("nonsense", [None, [("0.bias", 1)], 3, "x"])
def test_what_is_no_dictionary_is_refused(nonsense):
    with pytest.raises(TypeError, match="Expected state_dict to be dict-like, got <class"):
        model().load_state_dict(nonsense)


def test_names_that_are_not_there_are_returned_where_that_is_allowed():
    module, found = model(), dict(model().state_dict())
    kept = module[0].bias.tolist()
    found["x"] = found.pop("0.bias")
    result = module.load_state_dict(found, strict=False)
    assert (result.missing_keys, result.unexpected_keys) == (["0.bias"], ["x"])
    assert module[0].weight.tolist() == found["0.weight"].tolist()
    assert module[0].bias.tolist() == kept


def test_values_of_objects_are_refused_before_anything_is_copied():
    module = model()
    before, found = values(module), dict(model().state_dict())
    found["2.weight"] = np.full((2, 4), None)
    with pytest.raises(RuntimeError, match=r"2\.weight: cannot load values of dtype object"):
        module.load_state_dict(found)
    assert values(module) == before


def test_read_only_memory_is_found_before_anything_is_copied():
    module = model()
    before, found = values(module), model().state_dict()
    module[2].weight.array.flags.writeable = False
    with pytest.raises(RuntimeError, match=r"2\.weight: the memory of the module is read-only; assign=True"):
        module.load_state_dict(found)
    assert values(module) == before
    module.load_state_dict(found, assign=True)
    assert values(module) == {name: x.tolist() for name, x in found.items()}


def test_assign_takes_the_memory_and_refuses_whole_numbers_as_parameters():
    module = model()
    before, found = values(module), dict(model().state_dict())
    found["2.weight"] = tg.ones(2, 4, dtype=tg.int64)
    with pytest.raises(RuntimeError, match=r"2\.weight: a parameter cannot be of dtype int64"):
        module.load_state_dict(found, assign=True)
    assert values(module) == before
    module.load_state_dict(found)
    assert module[2].weight.dtype == tg.float32 and module[2].weight.tolist() == [[1] * 4] * 2
    found["2.weight"] = tg.full((2, 4), 3.0)
    module.load_state_dict(found, assign=True)
    found["2.weight"].fill_(5.0)
    assert module[2].weight.tolist() == [[5] * 4] * 2
    assert isinstance(module[2].weight, nn.Parameter) and module[2].weight.requires_grad


def test_arrays_and_other_floats_are_converted():
    module = model()
    found = {name: x.numpy().astype("f8") if x.dtype == tg.float32 else x for name, x in model().state_dict().items()}
    module.load_state_dict(found)
    assert module[0].weight.dtype == tg.float32
    assert module[0].weight.tolist() == found["0.weight"].tolist()


@pytest.mark.parametrize("library", ["tinygrad_rnn", "torch"])
def test_a_file_of_before_batches_were_counted_loads(library):
    m = pytest.importorskip(library)
    net = m.nn.Sequential(m.nn.Linear(2, 3), m.nn.BatchNorm1d(3))
    state = {key: value + 1 for key, value in net.state_dict().items() if not key.endswith("num_batches_tracked")}
    found = net.load_state_dict(state)
    assert found.missing_keys == []
    assert net[1].running_mean.tolist() == [1.0] * 3
    assert net[1].num_batches_tracked == 0
    del state["1.running_var"]
    with pytest.raises(RuntimeError, match=r'Missing key\(s\) in state_dict: "1.running_var"\. '):
        net.load_state_dict(state)
