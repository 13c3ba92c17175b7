## CASES = read_golden (FILE) reads a file of tests/golden: a cell of structs, one for each case.
## Settings are in the field `set`, arrays in fields of their names, "param.W_xh" in `param.W_xh`.

function cases = read_golden (file)

  text = fileread (file);
  [from, to, words] = regexp (text, '^(cases|case|set|array|end)\>(.*)$', "start", "end",
                              "tokens", "lineanchors", "dotexceptnewline");
  from(end+1) = numel (text) + 1;
  cases = {};
  for k = 1:numel (words)
    word = words{k}{1};
    rest = strsplit (strtrim (words{k}{2}), " ");
    switch (word)
      case "cases"
        expected = str2double (rest{1});
      case "case"
        c = struct ("name", rest{1}, "set", struct ());
      case "set"
        number = str2double (rest(2:end));
        if (any (isnan (number)))
          number = rest{2};
        endif
        c.set.(rest{1}) = number;
      case "array"
        dims = [str2double(rest(2:end)), 1];
        numbers = sscanf (text(to(k)+1:from(k+1)-1), "%f");
        path = strsplit (rest{1}, ".");
        c = setfield (c, path{:}, reshape (numbers, dims));
      case "end"
        cases{end+1} = c;
    endswitch
  endfor
  assert (numel (cases), expected);

endfunction
