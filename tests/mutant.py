"""A component with one thing broken, to see that what watches it notices."""

import inspect
from types import ModuleType

__all__ = ["mutant"]


def mutant(component: type, sound: str, broken: str) -> type:
    """The same component from a source in which ``sound``, found once, is replaced."""
    module = inspect.getmodule(component)
    assert module is not None
    source = inspect.getsource(module)
    if source.count(sound) != 1:
        raise ValueError(f"{sound!r} is {source.count(sound)} times in {module.__name__}, not once")
    changed = ModuleType(module.__name__)
    changed.__file__ = module.__file__
    code = compile(source.replace(sound, broken), f"{module.__file__} (mutant)", "exec")
    exec(code, vars(changed))
    return getattr(changed, component.__name__)
