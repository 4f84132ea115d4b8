2006.2
Unburned - forest sandy loam
1 1
'Forest sandy loam' 'sandy loam' 1 0.3 0.5 400000.0 0.0005 2.0 60.0
400.0 55.0 10.0 5.0 15.0 25.0
1 25.0 0.00036
